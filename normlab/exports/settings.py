"""An experiment's settings as a flat table, uncut, for tools that know no other."""

from collections.abc import Sequence

from normlab.core.errors import show_scalar
from normlab.core.text import visible
from normlab.lab.experiment import Experiment
from normlab.lab.settings import leaves

Setting = bool | int | float | str


def flat_settings(experiment: Experiment) -> dict[str, Setting]:
    """Give every setting by its dotted path: lists and "none" as text.

    >>> flat_settings(Experiment())["model.hidden"]
    '[128, 128]'
    """
    return {
        path: value if isinstance(value, bool | int | float) else _text(value)
        for path, value in leaves(experiment)
    }


def changed_settings(experiments: Sequence[Experiment]) -> dict[str, list[Setting | None]]:
    """Give the settings that differ, by path: one for each experiment, none where it has none.

    The seed is left out.
    """
    flat = [flat_settings(experiment) for experiment in experiments]
    paths = dict.fromkeys(path for each in flat for path in each if path != "seed")
    found = {path: [each.get(path) for each in flat] for path in paths}
    return {path: values for path, values in found.items() if any(value != values[0] for value in values)}


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    return visible(show_scalar(value), 100_000)
