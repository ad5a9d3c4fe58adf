"""run(experiment) -> events, and run_cohort(requests) for several at once."""

import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from normlab.core.errors import ConfigError, Problem
from normlab.engine.checkpoints import STATE, Checkpoints
from normlab.engine.cohort import Member, together
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.engine.events import Event
from normlab.engine.ids import new_run_id
from normlab.engine.probing import probing
from normlab.engine.request import Request
from normlab.engine.resuming import SavedState, read_state
from normlab.engine.session import Session
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.torch_state import choose_threads, holding
from normlab.engine.trainer import operations_per_step
from normlab.engine.weights import StartWeights
from normlab.lab.checks import check
from normlab.lab.experiment import Experiment
from normlab.stacked.library import choose_library

if TYPE_CHECKING:
    import torch


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
    request = Request(
        experiment=experiment,
        arm=arm,
        control=control or Control(),
        folder=folder,
        run_id=run_id,
        probe=probe,
        weights=weights,
        resume=resume,
        checkpoint_every=checkpoint_every,
        time_limit_seconds=time_limit_seconds,
    )
    return run_cohort([request], device=device, num_threads=num_threads)


def run_cohort(
    requests: Sequence[Request], *, device: str = "auto", num_threads: int | None = None
) -> Generator[Event]:
    """Train several runs, and tell the events of all of them, each by its `run`, as they come.

    Runs whose nets have the same shape, loss and batches are stepped together, which takes less time; others
    take turns. What a run gives is the same bit for bit, whatever stands beside it; its `seconds` are its
    share of what was computed together. A run that has ended leaves. Each has its own control, by which it
    can be paused too; not pulling pauses all.

    `num_threads`: as `run`'s; none goes by the first run.
    Raises: as `run` does, for the first request that can't be run, before any is trained.
    """
    place = pick_device(device)
    found = [(request, _read_state(request)) for request in requests]
    if len({request.experiment.training.deterministic for request in requests}) > 1:
        rule, remedy = "differs between runs of a cohort, and is torch's as a whole", "train them apart"
        raise ConfigError(Problem("training.deterministic", rule, remedy))
    if not requests:
        return holding(together([]), 1, deterministic=False)
    num_threads = num_threads or _choose_threads(*found[0])
    members = [_member(request, saved, place, num_threads) for request, saved in found]
    ids = [member.session.id for member in members]
    if twice := next((each for each in ids if ids.count(each) > 1), None):
        raise ConfigError(Problem("run", "is asked for twice", "give each run an id of its own", twice))
    return holding(together(members), num_threads, requests[0].experiment.training.deterministic)


def _read_state(request: Request) -> SavedState | None:
    """Read the state that a run is to go on from, where there is one."""
    if not request.resume:
        return None
    assert request.folder is not None, "what is resumed lies in a folder"
    if not (path := Path(request.folder) / STATE).exists():
        return None
    saved = read_state(path)
    saved.check(request.experiment, request.run_id)
    return saved


def _choose_threads(request: Request, saved: SavedState | None) -> int:
    if saved is not None:
        return min(saved.record.num_threads, os.cpu_count() or 1)
    return choose_threads(operations_per_step(request.experiment))


def _member(request: Request, saved: SavedState | None, place: "torch.device", num_threads: int) -> Member:
    experiment = request.experiment
    warnings, kept = check(experiment), None if request.folder is None else Path(request.folder)
    library = choose_library() if place.type == "cpu" else "blas"
    if saved is not None:
        warnings += saved.cautions(str(place), num_threads, library)
    watch = Stopwatch()
    name = request.run_id or (saved.record.run if saved else new_run_id())
    every = request.checkpoint_every
    session = Session(
        experiment=experiment,
        device=place,
        num_threads=num_threads,
        library=library,
        arm=request.arm,
        id=name,
        control=request.control,
        warnings=warnings,
        watch=watch,
        checkpoints=None if kept is None else Checkpoints(kept, name, experiment, every, watch),
        saved=saved,
        weights=request.weights,
        time_limit_seconds=request.time_limit_seconds,
        wants_probe=request.probe,
    )
    events = session.events()
    return Member(session, probing(session, events) if request.probe else events)
