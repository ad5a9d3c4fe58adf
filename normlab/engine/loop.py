"""run(experiment) -> events."""

import os
from collections.abc import Generator
from pathlib import Path

from normlab.engine.checkpoints import STATE, Checkpoints
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.engine.events import Event
from normlab.engine.ids import new_run_id
from normlab.engine.probing import probing
from normlab.engine.resuming import SavedState, read_state
from normlab.engine.session import Session
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.torch_state import choose_threads, holding
from normlab.engine.trainer import operations_per_step
from normlab.engine.weights import StartWeights
from normlab.lab.checks import check
from normlab.lab.experiment import Experiment


def run(
    experiment: Experiment,
    *,
    device: str = "auto",
    arm: str = "baseline",
    control: Control | None = None,
    folder: Path | str | None = None,
    run_id: str | None = None,
    probe: bool = False,
    weights: StartWeights | None = None,
    resume: bool = False,
    checkpoint_every: int | None = None,
    time_limit_seconds: float | None = None,
    num_threads: int | None = None,
) -> Generator[Event]:
    """Train an experiment, telling what happens as events; nothing happens until they are pulled.

    `device`: auto, cpu, cuda, cuda:N or mps. `control` stops the run from another thread, and
    `time_limit_seconds` after that much training, counted from where it begins or goes on. `num_threads` is
    the number of CPU threads that torch uses; none takes as many as before for a run that is resumed, and
    else chooses it by the size of the model and its batches.

    With `folder`, the experiment, the best and last weights and the run's state are written there: every
    `checkpoint_every` epochs (or steps, where training is counted in steps), or about every ten seconds, and
    however the run ends. With `resume`, it goes on from the state there; without one it begins anew. All that
    follows is then as if it had never stopped, times apart, bit for bit on the same device and thread count.
    The experiment may have another length, beyond what is trained; all else must be as it was. It then goes
    on as if begun so, but for what a warning tells: rates that depend on the length, and an evaluation at
    the old end that a longer training would not have made. What stopped early waits anew for an improvement.

    `weights` are taken over where name and shape are the same. With `probe`, what the model answers is told
    too, where samples are one number or two; that changes nothing else.
    The same experiment gives the same events, times apart, on the same machine and thread count.

    Divergence, a stop and memory that runs out are outcomes of the last event, RunFinished.
    Raises: ConfigError, at once, for settings that can't be run, or resumed, or a device that isn't there;
    CheckpointError, at once, for a state that can't be resumed; DataError, from the first events, for data
    that can't be had, or weights of which none fits.
    """
    warnings = check(experiment)
    place, kept = pick_device(device), None if folder is None else Path(folder)
    saved: SavedState | None = None
    if resume:
        assert kept is not None, "what is resumed lies in a folder"
        if (kept / STATE).exists():
            saved = read_state(kept / STATE)
            saved.check(experiment, run_id)
    if num_threads is None and saved is not None:
        num_threads = min(saved.record.num_threads, os.cpu_count() or 1)
    num_threads = num_threads or choose_threads(operations_per_step(experiment))
    if saved is not None:
        warnings += saved.cautions(str(place), num_threads)
    watch = Stopwatch()
    name = run_id or (saved.record.run if saved else new_run_id())
    session = Session(
        experiment=experiment,
        device=place,
        num_threads=num_threads,
        arm=arm,
        id=name,
        control=control or Control(),
        warnings=warnings,
        watch=watch,
        checkpoints=None if kept is None else Checkpoints(kept, name, experiment, checkpoint_every, watch),
        saved=saved,
        weights=weights,
        time_limit_seconds=time_limit_seconds,
        wants_probe=probe,
    )
    events = watch.around(session.events())
    if probe:
        events = probing(session, events)
    return holding(events, num_threads, experiment.training.deterministic)
