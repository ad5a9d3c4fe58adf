"""The line that says which kept runs are looked for; it completes the word that is being typed."""

import asyncio
from collections.abc import Iterator
from functools import cache
from typing import ClassVar, get_args

from textual.binding import Binding, BindingType
from textual.suggester import Suggester
from textual.widgets import Input

from normlab.core.choice import members
from normlab.core.fields import describe
from normlab.engine.events import Outcome
from normlab.lab.experiment import Experiment
from normlab.store.filter_names import FIELDS, METRICS, setting_paths

EXAMPLE = "norm=batch val_accuracy>0.9 tag:paper date>=today"


class FilterLine(Input):
    """A filter; → takes the completion that stands behind the cursor."""

    DEFAULT_CSS = """
    FilterLine { border: none; height: 1; padding: 0 1; background: $surface; }
    FilterLine:focus { border: none; background: $panel; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "cursor_right", "Complete", id="kept.complete"),
        Binding("down", "screen.back(False)", "To the runs", id="kept.down"),
        Binding("escape", "screen.back", "All runs", id="kept.all_runs"),
    ]

    def __init__(self) -> None:
        super().__init__(
            placeholder=f"/ to filter: {EXAMPLE}", select_on_focus=False, suggester=_Completion()
        )


class _Completion(Suggester):
    def __init__(self) -> None:
        super().__init__(case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Complete the last word of the line."""
        return await asyncio.to_thread(complete, value)  # the first takes 0.1 s


def complete(line: str) -> str | None:
    """Complete a filter line's last word where it is the beginning of something known.

    >>> complete("seed=1 val_acc"), complete("norm=ba"), complete("norm=batch "), complete("zzz")
    ('seed=1 val_accuracy>', 'norm=batch', None, None)
    """
    before, typed = line[: line.rfind(" ") + 1], line[line.rfind(" ") + 1 :]
    found = next((word for word in _words() if typed and word.startswith(typed) and word != typed), None)
    return None if found is None else before + found


@cache
def _words() -> tuple[str, ...]:
    """List what may be written, the usual first."""
    return tuple(dict.fromkeys(_found()))


def _found() -> Iterator[str]:
    yield from ("tag:", "date>=today", "date=yesterday")
    yield from ("norm=", "dataset=", "model=", "optimizer=", "outcome=", "val_accuracy>", "val_loss<")
    yield from (f"outcome={outcome}" for outcome in (*get_args(Outcome), "running"))
    yield from _kinds(Experiment)
    yield from (*METRICS, *(f"last.{metric}" for metric in METRICS), *FIELDS)
    for path in setting_paths():
        yield path.removesuffix(".kind").rpartition(".")[2]
    yield from setting_paths()


def _kinds(record: type) -> Iterator[str]:
    """Yield each family with each of its kinds, as in norm=batch."""
    for name, field in describe(record).items():
        if field.family is not None:
            for kind, part in members(field.family).items():
                yield f"{name}={kind}"
                yield from _kinds(part)
