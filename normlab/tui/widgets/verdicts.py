"""What a study's runs say of its claims."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from normlab.core.text import visible
from normlab.tui.keys import key_of
from normlab.tui.widgets.legend import Lines
from normlab.tui.widgets.lines import hanging

if TYPE_CHECKING:
    from normlab.analysis.verdict import Verdict
    from normlab.lab.presets import Preset

SIGNS = {
    "supported": ("✓", "$success"),
    "supported in direction": ("✓", "$success"),
    "refuted: reversed": ("✗", "$error"),
    "refuted: no effect": ("✗", "$error"),
    "refuted: they differ": ("✗", "$error"),
    "undecided": ("?", "$warning"),
    "not comparable": ("–", "$secondary"),
}
"""Sign and colour of each verdict's word."""
MAX_HEIGHT = 12
"""Lines that are shown beside the rest."""
NONE = "No claims: {claim} says what the runs are to decide."


class VerdictPanel(VerticalScroll):
    """A paragraph for each claim, then what to keep in mind of all."""

    DEFAULT_CSS = """
    VerdictPanel { background: $surface; padding: 0 1; scrollbar-size-vertical: 1; }
    VerdictPanel:focus { background: $panel; }
    VerdictPanel > Lines { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = Lines()
        self._height: int | str = 0
        self._known: tuple[Preset | None, Sequence[Verdict], Sequence[str], int, int] | None = None

    def compose(self) -> ComposeResult:
        yield self._text

    def show(
        self,
        preset: "Preset | None",
        verdicts: "Sequence[Verdict]",
        caveats: Sequence[str],
        missing: int,
        num_runs: int,
    ) -> None:
        """Show verdicts; while runs are `missing` of `num_runs`, every claim is undecided."""
        if preset is None:
            self._text.show(Content())
            return
        self._known = preset, verdicts, caveats, missing, num_runs
        width = self._width
        blocks: list[Content] = []
        if not preset.claims:
            told = NONE.format(claim=key_of(self.app, "study.add_claim", "a"))
            blocks.append(Content.styled(told, "$secondary"))
        for row, claim in enumerate(preset.claims):
            if row < len(verdicts):
                blocks += _judged(verdicts[row], preset.experiment.dataset.kind, width)
            else:
                why = f"{missing:,} of {num_runs:,} runs are still to be made" if missing else "is reckoned"
                blocks.append(_head("undecided", claim.text, width))
                blocks.append(hanging(why, width, 2, "$secondary"))
        if caveats:
            blocks.append(Content.styled("Keep in mind", "bold $secondary"))
            blocks += [hanging(each, width, 2, "$secondary") for each in caveats]
        text = Content("\n").join(blocks)
        self._text.show(text)
        # Textual 8 misses changes of an automatic height within another one.
        height = "1fr" if self.screen.has_class("-narrow") else min(text.plain.count("\n") + 1, MAX_HEIGHT)
        if height != self._height:
            self._height = self.styles.height = height

    @property
    def _width(self) -> int:
        return max(self.scrollable_content_region.width, 30)

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        if self._known is not None:  # behind the layout under way, which would keep the old height
            self.call_after_refresh(self.show, *self._known)


def _head(word: str, claim: str, width: int) -> Content:
    sign, color = SIGNS.get(word, ("?", "$warning"))
    head = Content.styled(f"{sign} {word}", f"bold {color}")
    if head.cell_length + 2 + len(claim) <= width:
        return Content.assemble(head, "  ", (visible(claim, 400), "bold"))
    return Content("\n").join([head, hanging(claim, width, 2, "bold")])


def _judged(verdict: "Verdict", data_name: str, width: int) -> Iterator[Content]:
    from normlab.analysis.wording import sentences

    yield _head(verdict.verdict, verdict.claim, width)
    yield hanging(sentences(verdict, data_name), width, 2)
    if numbers := list(_numbers(verdict)):
        yield hanging(" · ".join(numbers), width, 2, "$secondary")
    for caveat in verdict.caveats:
        yield hanging(caveat, width, 2, "$warning")


def _numbers(verdict: "Verdict") -> Iterator[str]:
    """Give the numbers that a verdict goes by."""
    if verdict.effect is not None:
        bound = {">=": "≥ ", "<=": "≤ "}.get(verdict.effect_bound or "", "")
        kind = "ratio" if verdict.scale == "ratio" else "difference"
        said = f"{kind} {bound}{verdict.effect:.3g}"
        if verdict.interval is not None:
            low, high = verdict.interval
            said += f" [{low:.3g}, {high:.3g}]"
        yield said
    yield f"n = {verdict.num_pairs}"
    if verdict.p is not None:
        adjusted = verdict.p_holm
        holm = "" if adjusted is None or adjusted == verdict.p else f" (Holm {adjusted:.3g})"
        yield f"p = {verdict.p:.3g}{holm}"
