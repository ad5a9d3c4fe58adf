"""A report's account of what was run: the experiment, the arms, the grid and the seeds."""

from collections.abc import Iterator

from normlab.core.choice import Part, Record
from normlab.core.errors import show_scalar
from normlab.core.fields import describe
from normlab.exports.settings import flat_settings
from normlab.exports.study_blocks import (
    Block,
    Bullets,
    Fold,
    Span,
    Table,
    Text,
    joined,
    plain,
)
from normlab.lab.experiment import Experiment
from normlab.lab.one_change import Change, changes
from normlab.lab.presets import Preset
from normlab.lab.settings import show_setting

_ALWAYS = ("lr", "epochs", "batch_size", "patience")
"""Settings that a reader asks for, default or not."""


def setup(preset: Preset) -> Iterator[Block]:
    """Tell what the baseline is, what each arm changes, grid and seeds."""
    rows = [[plain(path), plain(_value(value))] for path, value in _parts(preset.experiment)]
    yield Table([plain("baseline"), ()], rows, num_texts=2)
    if found := list(changes(preset)):
        heads = [plain(head) for head in ("arm", "against", "changes", "and so")]
        yield Table(heads, [_arm(preset, change) for change in found], num_texts=4)
    yield Bullets(list(_extent(preset)))
    flat = flat_settings(preset.experiment)
    every = [[plain(path), plain(show_scalar(value))] for path, value in flat.items() if path != "seed"]
    heads = [plain("setting"), plain("value")]
    yield Fold("All settings of the baseline", [Table(heads, every, num_texts=2)])


def _value(record: Record) -> str:
    """Write a part, and in brackets what isn't left at its default and what is asked for."""
    own = {name: (getattr(record, name), field.default) for name, field in describe(type(record)).items()}
    told = ", ".join(
        f"{name} = {show_setting(value)}"
        for name, (value, usual) in own.items()
        if name != "kind" and not isinstance(value, Record) and (name in _ALWAYS or value != usual)
    )
    if isinstance(record, Part):
        return f"{record.kind} ({told})" if told else record.kind
    return told or "as usual"


def _parts(record: Record, path: str = "") -> Iterator[tuple[str, Record]]:
    """Yield an experiment's parts, and the parts in them that aren't left at their defaults."""
    for name, field in describe(type(record)).items():
        value, here = getattr(record, name), f"{path}.{name}" if path else name
        if isinstance(value, Record) and (isinstance(record, Experiment) or value != field.default):
            yield here, value
            if isinstance(value, Part) or isinstance(record, Experiment):
                yield from _parts(value, here)


def _arm(preset: Preset, change: Change) -> list[Text]:
    arms = list(preset.experiments)
    name = (Span(str(arms.index(change.arm)), "mark"), Span(change.arm))
    confounded = (Span(" "), Span("confounded", "failure")) if change.is_confounded else ()
    settings = joined([plain(str(each)) for each in change.settings], "; ") or plain("nothing")
    consequences = joined([plain(each) for each in change.consequences], "; ")
    return [name + confounded, plain(change.against), settings, consequences]


def _extent(preset: Preset) -> Iterator[Text]:
    seeds = preset.seeds
    span = f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    yield plain(f"Seeds: {len(seeds)} ({span}), the same for every arm, so that arms are compared in pairs.")
    for key, values in (preset.study.grid if preset.study else {}).items():
        yield (Span("Grid: "), Span(key, "code"), Span(f" = {', '.join(map(show_setting, values))}"))
