"""normlab runs resume and extend: a kept run goes on."""

import sys
from dataclasses import replace

from normlab.cli.headless import Form, How, Turn, make_presenter, read_how, train
from normlab.cli.start_weights import find_weights
from normlab.core.errors import ConfigError, Problem
from normlab.engine.device import check_device_name
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.lab.settings import change
from normlab.store.find import find_run
from normlab.store.kept import KeptRun
from normlab.store.store import Store
from normlab.store.sweep import open_swept
from normlab.views.recall import recall

_STATE = "state.safetensors"


def resume(
    start: str, device: str | None, checkpoint_every: int | None, time_limit: str | None, form: Form
) -> int:
    """Go on with a run that was interrupted or stopped, or has failed; give the exit code.

    Raises: ConfigError for a run that has ended otherwise, or is under way; StoreError for an id.
    """
    store = open_swept()
    if device is not None:
        check_device_name(device)
    run = find_run(store, start)
    how = read_how(device or run.device or "auto", None, checkpoint_every, time_limit)
    match run.outcome:
        case None:
            raise _refused(run, "is under way", "stop it first")
        case "completed" | "early_stopped":
            raise _refused(run, "has reached its end", f"train on: normlab runs extend {run.id} --epochs N")
        case "diverged":
            raise _refused(run, "has diverged", "begin a new one with other settings")
        case _:
            return _go_on(store, run, run.experiment, how, form)


def extend(
    start: str,
    epochs: int | None,
    steps: int | None,
    device: str | None,
    checkpoint_every: int | None,
    time_limit: str | None,
    form: Form,
) -> int:
    """Train a run for longer than it was to; give the exit code.

    Raises: ConfigError for a length that isn't longer, or a run that has no state to go on from; StoreError.
    """
    store = open_swept()
    if device is not None:
        check_device_name(device)
    run = find_run(store, start)
    how = read_how(device or run.device or "auto", None, checkpoint_every, time_limit)
    if run.outcome is None:
        raise _refused(run, "is under way", "stop it first")
    training = run.experiment.training
    unit, old = f"{training.unit}s", training.steps or training.epochs
    new, other = (epochs, steps) if training.unit == "epoch" else (steps, epochs)
    if new is None or other is not None:
        raise ConfigError(
            Problem(f"--{unit}", f"is what run {run.id} is counted in", f"give --{unit} N alone")
        )
    if new <= old:
        raise ConfigError(Problem(f"--{unit}", f"is not more than the {old} that it had", "give more", new))
    if not (run.folder / _STATE).is_file():
        remedy = "begin a new one: normlab --preset FOLDER/experiment.toml --no-ui"
        raise _refused(run, "has no state to go on from", remedy)
    return _go_on(store, run, change(run.experiment, {f"training.{unit}": new}), how, form)


def _refused(run: KeptRun, rule: str, remedy: str) -> ConfigError:
    return ConfigError(Problem("run", rule, remedy, run.id))


def _go_on(store: Store, run: KeptRun, experiment: Experiment, how: How, form: Form) -> int:
    """Train a kept run from its state."""
    if not (run.folder / _STATE).is_file():
        print(f"run {run.id} was saved at no step: it begins anew", file=sys.stderr)
        how = replace(how, start=find_weights(store, run.origin) if run.origin else None)
    history = recall(run, store)
    history.experiment = experiment
    preset = Preset(title=f"Run {run.id}", experiment=experiment)
    turn = Turn(history, run.id, resumes=True)
    return train([turn], make_presenter(form, preset), store, how)
