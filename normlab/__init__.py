"""normlab: a laboratory for one question: what does this change do to training?

>>> from normlab import Experiment, change, run
>>> experiment = change(Experiment(), {"model.norm.kind": "batch", "training.epochs": 1})
>>> [event.event for event in run(experiment)][-1]
'run_finished'
"""

from typing import TYPE_CHECKING, Any

from normlab.lab import Experiment, Preset, change, check, load_preset, save_preset

if TYPE_CHECKING:
    from normlab.engine.control import Control
    from normlab.engine.loop import run

__version__ = "0.1.0"
__all__ = ["Control", "Experiment", "Preset", "change", "check", "load_preset", "run", "save_preset"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import: only who runs pays for it.
    if name == "run":
        from normlab.engine.loop import run

        return run
    if name == "Control":
        from normlab.engine.control import Control

        return Control
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
