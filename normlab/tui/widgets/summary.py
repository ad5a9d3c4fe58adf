"""What the form's model amounts to: one line, and on demand its layers."""

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from normlab.core.memory import show_bytes
from normlab.lab.summary import Summary

_FIRST, _LAST = 6, 3
"""Layers shown of a long plan, from its two ends."""


class ModelSummary(Widget, can_focus=True):
    """A line with layers, parameters, memory, samples and steps; open, a table of the layers beneath it."""

    DEFAULT_CSS = """
    ModelSummary { height: auto; width: 1fr; padding: 0 1; background: $surface; }
    ModelSummary:focus { background: $primary 22%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "expand", "Layers of the model", id="summary.toggle", show=False)
    ]

    expanded: reactive[bool] = reactive(False, layout=True)
    """Whether the layers are shown."""

    def __init__(self) -> None:
        super().__init__()
        self._summary: Summary | None = None

    def show(self, summary: Summary | None) -> None:
        """Show another model; None where the settings give none."""
        self._summary = summary
        self.refresh(layout=self.expanded)

    def action_expand(self) -> None:
        self.expanded = not self.expanded

    def on_click(self) -> None:
        self.action_expand()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width))

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def _lines(self, width: int) -> list[Content]:
        mark = Content.styled("▾ " if self.expanded else "▸ ", "$primary")
        if self._summary is None:
            return [Content.assemble(mark, ("no model to sum up yet", "$secondary dim"))]
        first = Content.assemble(mark, (one_line(self._summary, width - 2), "$secondary"))
        return [first, *(_table(self._summary, width) if self.expanded else [])]


def one_line(summary: Summary, width: int) -> str:
    """Sum up in one line; what comes last is left out where there is no room."""
    batches = summary.batches.num_batches
    said = [
        _count(summary.num_layers, "layer"),
        _count(summary.num_parameters, "parameter"),
        show_bytes(summary.memory_bytes),
        f"{summary.num_train:,} train / {summary.num_val:,} val",
        f"{_count(batches, 'step')} an epoch",
    ]
    while len(said) > 1 and cell_len(" · ".join(said)) > width:
        said.pop()
    return " · ".join(said)


def layer_rows(summary: Summary) -> Iterator[tuple[str, str, str, str]]:
    """Yield path, op, shapes and parameters of the layers that act; a long plan is folded in the middle."""
    layers = [pair for pair in zip(summary.layers, summary.parameters, strict=True) if summary.acts(pair[0])]
    folded = len(layers) - _FIRST - _LAST
    for index, (layer, parameters) in enumerate(layers):
        if folded > 1 and _FIRST <= index < _FIRST + folded:
            if index == _FIRST:
                yield "…", f"{folded:,} more", "", ""
            continue
        kind = summary.kinds.get(layer.op, layer.op.replace("_", " "))
        op = f"{kind} norm" if layer.op == "norm" else kind
        shapes = "×".join(map(str, layer.inputs))
        if layer.outputs != layer.inputs:
            shapes += " → " + "×".join(map(str, layer.outputs))
        yield layer.path, op, shapes, f"{parameters:,}" if parameters else ""


def _table(summary: Summary, width: int) -> Iterator[Content]:
    rows = list(layer_rows(summary))
    shapes = max(len(row[2]) for row in rows)
    numbers = max(len(row[3]) for row in rows)
    ops = min(max(len(row[1]) for row in rows), 16)
    paths = max(6, min(max(len(row[0]) for row in rows), width - 2 - ops - shapes - numbers - 3))
    for path, op, shape, number in rows:
        line = Content.assemble(
            "  ",
            (_fit(path, paths), "$secondary"),
            " ",
            _fit(op, ops),
            " ",
            (f"{shape:<{shapes}}", "$secondary"),
            f" {number:>{numbers}}",
        )
        yield line.truncate(width, ellipsis=True)
    yield Content.styled(f"  {_count(summary.num_steps, 'optimizer step')} in all", "$secondary dim")


def _fit(text: str, width: int) -> str:
    """Cut a text in front, where layers' paths are alike."""
    return text.ljust(width) if len(text) <= width else "…" + text[len(text) - width + 1 :]


def _count(number: int, what: str) -> str:
    """Count things.

    >>> _count(1, "layer"), _count(1200, "step")
    ('1 layer', '1,200 steps')
    """
    return f"{number:,} {what}{'' if number == 1 else 's'}"
