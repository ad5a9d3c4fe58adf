"""normlab runs resume and extend: a kept run goes on."""

import shlex
import sys
from dataclasses import replace

from normlab.cli.headless import Form, How, Turn, make_presenter, read_how, train
from normlab.cli.start_weights import KeptWeights, find_weights
from normlab.core.errors import ConfigError, NormlabError, Problem
from normlab.core.text import visible
from normlab.engine.device import check_device_name
from normlab.lab.experiment import Experiment
from normlab.lab.presets import Preset
from normlab.store.errors import StoreError
from normlab.store.find import find_run
from normlab.store.going_on import Hindrance, has_state, lengthened, why_not_extended, why_not_resumed
from normlab.store.kept import KeptRun
from normlab.store.store import Store
from normlab.store.sweep import open_swept
from normlab.views.recall import recall


def resume(
    start: str, device: str | None, checkpoint_every: int | None, time_limit: str | None, form: Form
) -> int:
    """Go on with a run that was interrupted or stopped, or has failed; give the exit code.

    Raises: ConfigError for a run that can't go on; StoreError for an id, or a store that can't be written.
    """
    store, run = _find(start)
    how = _read_how(run, device, checkpoint_every, time_limit)
    if (why := why_not_resumed(run)) is not None:
        raise _refused(run, why)
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
    """Train a run to another length, beyond what it has trained; give the exit code.

    Raises: ConfigError for a length that isn't beyond it, or a run that can't go on; StoreError as `resume`.
    """
    store, run = _find(start)
    how = _read_how(run, device, checkpoint_every, time_limit)
    unit = run.experiment.training.unit
    length, other = (epochs, steps) if unit == "epoch" else (steps, epochs)
    if length is None or other is not None:
        rule, remedy = f"is what run {run.id} is counted in", f"give --{unit}s N alone"
        raise ConfigError(Problem(f"--{unit}s", rule, remedy))
    if (why := why_not_extended(run)) is not None:
        raise _refused(run, why)
    return _go_on(store, run, lengthened(run, length), how, form)


def _find(start: str) -> tuple[Store, KeptRun]:
    store = open_swept()
    if store.is_read_only and store.problem is not None:  # what it trained would be in no record
        raise StoreError(store.problem)
    return store, find_run(store, start)


def _read_how(run: KeptRun, device: str | None, checkpoint_every: int | None, time_limit: str | None) -> How:
    if device is not None:
        check_device_name(device)
    return read_how(device or run.device or "auto", None, checkpoint_every, time_limit)


def _refused(run: KeptRun, why: Hindrance) -> ConfigError:
    preset = shlex.quote(str(run.folder / "experiment.toml"))
    remedies: dict[Hindrance, str] = {
        "is under way": "stop it first",
        "has reached its end": f"train on: normlab runs extend {run.id} --{run.experiment.training.unit}s N",
        "has diverged": "begin a new one with other settings",
        "has no state to go on from": f"begin a new one: normlab --preset {preset} --no-ui",
    }
    return ConfigError(Problem("run", why, remedies[why], run.id))


def _go_on(store: Store, run: KeptRun, experiment: Experiment, how: How, form: Form) -> int:
    """Train a kept run from its state."""
    if not has_state(run):
        print(f"run {run.id} was saved at no step: it begins anew", file=sys.stderr)
        how = replace(how, start=_first_weights(store, run))
    history = recall(run, store)
    history.experiment = experiment
    preset = Preset(title=f"Run {run.id}", experiment=experiment)
    turn = Turn(history, run.id, resumes=True)
    return train([turn], make_presenter(form, preset), store, how)


def _first_weights(store: Store, run: KeptRun) -> KeptWeights | None:
    """Find the weights that a run began with; none where they were drawn."""
    if run.origin is None:
        return None
    try:
        return find_weights(store, run.origin)
    except NormlabError:
        rule = f"began with the weights {visible(run.origin)}, which are gone"
        remedy = "begin a new run, with others: normlab --preset NAME --no-ui --from ID"
        raise ConfigError(Problem("run", rule, remedy, run.id)) from None
