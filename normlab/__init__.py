"""normlab: a laboratory for one question: what does this change do to training?

>>> from normlab import Experiment, change, run
>>> experiment = change(Experiment(), {"model.norm.kind": "batch", "training.epochs": 1})
>>> [event.event for event in run(experiment)][-1]
'run_finished'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from normlab.lab import Experiment, Preset, change, check, load_preset, save_preset

if TYPE_CHECKING:
    from normlab.engine.control import Control
    from normlab.engine.loop import run, run_cohort
    from normlab.engine.request import Request
    from normlab.store.record import record
    from normlab.store.replay import replay

__version__ = "0.1.0"
__all__ = [
    "Control",
    "Experiment",
    "Preset",
    "Request",
    "change",
    "check",
    "load_preset",
    "record",
    "replay",
    "run",
    "run_cohort",
    "save_preset",
]
_LAZY = {
    "Control": "normlab.engine.control",
    "Request": "normlab.engine.request",
    "record": "normlab.store.record",
    "replay": "normlab.store.replay",
    "run": "normlab.engine.loop",
    "run_cohort": "normlab.engine.loop",
}


def __getattr__(name: str) -> Any:
    # torch takes seconds to import: only who runs pays for it.
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
