"""An experiment's settings as a flat table, for tools that know no other."""

from normlab.core.errors import show_value
from normlab.lab.experiment import Experiment
from normlab.lab.settings import leaves

Setting = bool | int | float | str


def flat_settings(experiment: Experiment) -> dict[str, Setting]:
    """Give every setting by its dotted path: lists and "none" as text.

    >>> flat_settings(Experiment())["model.hidden"]
    '[128, 128]'
    """
    return {
        path: value if isinstance(value, bool | int | float) else show_value(value)
        for path, value in leaves(experiment)
    }
