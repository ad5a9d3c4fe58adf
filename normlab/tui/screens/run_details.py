"""All that is known of a kept run: its curves, how it ended, settings, what it ran with, and its files."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from normlab.core.errors import ConfigError, NormlabError
from normlab.core.text import visible
from normlab.lab.settings import leaves, show_setting
from normlab.store.kept import KeptRun
from normlab.tui.screens.dialogs import Dialog
from normlab.tui.screens.saving import save_as
from normlab.tui.session import Session
from normlab.tui.widgets.charts import ChartPane
from normlab.tui.widgets.lines import lines
from normlab.views.curves import ChartChoices
from normlab.views.history import History


class RunDetails(Dialog[None]):
    """A kept run to read; its curves where it has some, or why they can't be told."""

    DEFAULT_CSS = """
    RunDetails > Vertical { width: 116; height: 90%; }
    RunDetails ChartPane { height: 11; margin-bottom: 1; }
    RunDetails ChartPane #legend { display: none; }
    RunDetails VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "save", "Save the text", id="kept.save_details", show=False),
        Binding("enter", "close", "Close", id="kept.close_details", show=False),
    ]
    AUTO_FOCUS = "VerticalScroll"

    def __init__(self, run: KeptRun, text: str, told: History | NormlabError, choices: ChartChoices) -> None:
        super().__init__()
        self._run, self._title, self._text = run, f"{run.id}  {run.title}", text
        self._session = Session(lambda _: None)
        self._session.choices = choices
        if isinstance(told, History) and told.points:
            self._session.recall(run.id, told, run.name)

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(lines(self._title), classes="title")
            with VerticalScroll():
                if self._session.runs:
                    yield ChartPane(self._session)
                yield Static(lines(self._text))
            with Horizontal():
                if self._session.runs:
                    yield Static(Content("tab goes to the curves"), classes="hint")
                yield Button(Content("Save the text (w)"), id="save", compact=True)
                yield Button(Content("Close (esc)"), id="close", compact=True)

    @on(ChartPane.Chosen)
    def _chosen(self, event: ChartPane.Chosen) -> None:
        event.stop()  # how one looks at a single run isn't how one looks at many

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#save")
    @work
    async def action_save(self) -> None:
        await save_as(self.app, "Save to", self._run.folder / "details.txt", lambda _: self._text)


def details(run: KeptRun, told: History | NormlabError) -> str:
    """Write all that is known of a run, harmless to show and to save; its folder is read."""
    return lines("\n".join(_said(run, told))).plain


def _said(run: KeptRun, told: History | NormlabError) -> Iterator[str]:
    done = f"epoch {run.epoch:,}, step {run.step:,} of {run.num_steps:,}, {run.seconds:.1f} s"
    yield f"{(run.outcome or 'running').replace('_', ' ')}: {done}"
    if run.reason:
        yield visible(run.reason, 4000)
    ended = f", ended {_moment(run.finished)}" if run.finished is not None else ""
    yield f"begun {_moment(run.created)}{ended}, on {run.device}, {run.num_parameters:,} parameters"
    if run.tags:
        yield f"tags {' '.join(run.tags)}"
    if run.note:
        yield from ("", run.note)
    if isinstance(told, NormlabError):
        yield from ("", *(f"! {problem}" for problem in told.problems))
    else:
        yield from _weights(run, told)
        yield from (f"warning: {warning}" for warning in told.warnings)
    yield from _section("Results", _results(run))
    yield from _section("Settings", _table(_settings(run)))
    yield from _section("Files", _files(run))
    yield from _section("Ran with", _table(run.environment.items()))


def _section(title: str, rows: Iterable[str]) -> Iterator[str]:
    if found := list(rows):
        yield from ("", title, *(f"  {row}" for row in found))


def _weights(run: KeptRun, told: History) -> Iterator[str]:
    if loaded := told.loaded:
        drawn = len(loaded.left_as_drawn) + len(loaded.other_shape)
        yield f"began with the weights of {loaded.origin}: {loaded.matched} matched, {drawn} left as drawn"
    elif run.origin:
        yield f"began with the weights of {run.origin}"


def _results(run: KeptRun) -> Iterator[str]:
    points = {"best": run.best, "last": run.last}
    names = dict.fromkeys(name for point in points.values() if point for name in point.metrics)
    if names:
        yield f"{'':20}" + "".join(f"{name:>14}" for name, point in points.items() if point)
        yield f"{'epoch':20}" + "".join(f"{point.epoch:>14,}" for point in points.values() if point)
    for name in names:
        values = (point.metrics.get(name) for point in points.values() if point)
        yield f"{name[:20]:20}" + "".join(f"{'–' if v is None else f'{v:.6g}':>14}" for v in values)


def _settings(run: KeptRun) -> Iterator[tuple[str, str]]:
    try:
        yield from ((path, show_setting(value)) for path, value in leaves(run.experiment))
    except ConfigError:
        yield from ((path, value) for path, value in _raw(run.experiment_json))


def _raw(text: str) -> Iterator[tuple[str, str]]:
    """Read what a later version wrote as far as it is a table."""
    try:
        tree = json.loads(text)
    except ValueError:
        return
    waiting = [("", tree)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            inner = [(f"{path}.{name}" if path else name, each) for name, each in value.items()]
            waiting += reversed(inner)
        else:
            yield path, json.dumps(value)


def _files(run: KeptRun) -> Iterator[str]:
    yield str(run.folder)
    try:
        found = sorted(path for path in run.folder.iterdir() if path.is_file())
        yield from (f"{path.name:22} {path.stat().st_size / 1000:>10,.1f} kB" for path in found)
    except OSError:
        yield "is gone: it can't be resumed, and its weights can't be used"


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    rows = list(rows)
    width = min(36, max((len(name) for name, _ in rows), default=0))
    return [f"{name:{width}}  {value}" for name, value in rows]


def _moment(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"
