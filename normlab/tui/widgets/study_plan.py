"""A study's plan as a list: what the arms change, seeds, grid and claims."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from normlab.core.text import visible
from normlab.lab.one_change import Change
from normlab.lab.presets import Preset
from normlab.lab.settings import show_setting
from normlab.lab.study import BASELINE, Claim
from normlab.tui.keys import key_of
from normlab.tui.themes import hue_of
from normlab.tui.widgets.lines import hanging
from normlab.views.marks import mark_of

EMPTY = """\
No study yet.

Put the baseline into the form (Lab, {lab}), and press {add}: it is the first arm. \
Change one thing, press {add} again, and so on; then say what the arms are to decide: {claim}.

Or load a preset that is a study ({presets}), or one that was run before ({open})."""


class StudyPlan(OptionList):
    """What is to be run and decided. Asks for changes by messages."""

    DEFAULT_CSS = """
    StudyPlan { height: 1fr; border: none; padding: 0 1; background: transparent;
        scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    StudyPlan:focus { border: none; }
    StudyPlan > .option-list--option-disabled { color: $foreground; }
    StudyPlan > .option-list--option-highlighted { background: transparent; color: $foreground;
        text-style: none; }
    StudyPlan:focus > .option-list--option-highlighted { background: $primary 25%; color: $foreground;
        text-style: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select", "Change", id="study.change"),
        Binding("D", "remove", "Remove", id="study.remove"),
    ]

    class Removed(Message):
        """The line under the cursor is not wanted: "arm", "claim" and its number."""

        def __init__(self, what: str, number: int) -> None:
            super().__init__()
            self.what, self.number = what, number

    def __init__(self) -> None:
        super().__init__()
        self._shown: object = None
        self._known: tuple[Preset | None, Sequence[Change], str] = None, (), ""

    @property
    def _width(self) -> int:
        return max(self.scrollable_content_region.width, 20)

    def on_resize(self) -> None:
        """Wrap the text to the new width."""
        if self._shown is not None:
            self.show(*self._known)

    @property
    def chosen(self) -> tuple[str, int]:
        """What the cursor is on ("arm", "seeds", "claim", …) and its number; "" for nothing."""
        option = self.highlighted_option
        what, _, number = (option.id if option and option.id else "").partition(":")
        return what, int(number or 0)

    def show(self, preset: Preset | None, changes: Sequence[Change], jobs: str) -> None:
        """Show a plan; the cursor stays on its line."""
        theme = self.app.theme
        shown = preset, changes, jobs, theme, self._width
        if self._shown == shown:
            return
        self._shown = shown
        self._known = preset, changes, jobs
        before = self.highlighted_option.id if self.highlighted_option else None
        self.clear_options()
        if preset is None:
            said = EMPTY.format(
                lab=key_of(self.app, "lab", "l"),
                add=key_of(self.app, "add_arm", "+"),
                claim=key_of(self.app, "study.add_claim", "a"),
                presets=key_of(self.app, "presets", "p"),
                open=key_of(self.app, "study.open", "o"),
            )
            self.add_option(Option(Content.styled(said, "$secondary"), disabled=True))
            return
        self.add_options(list(self._options_of(preset, changes, jobs)))
        ids = [option.id for option in self.options]
        self.highlighted = ids.index(before) if before and before in ids else self._first(ids)

    @staticmethod
    def _first(ids: Sequence[str | None]) -> int | None:
        return next((row for row, each in enumerate(ids) if each is not None), None)

    def _options_of(self, preset: Preset, changes: Sequence[Change], jobs: str) -> Iterator[Option]:
        theme = self.app.theme
        yield self._title(preset.title)
        known = {change.arm: change for change in changes if change.against == BASELINE}
        names = [BASELINE, *(arm.name for arm in preset.arms)]
        for row, name in enumerate(names):
            head = Content.assemble((f"{mark_of(row)} ", hue_of(theme, row)), (visible(name, 60), "bold"))
            lines = [head, *_arm_lines(known.get(name), preset, row, self._width)]
            yield Option(Content("\n").join(lines), id=f"arm:{row}")
        if not preset.arms:
            add = key_of(self.app, "add_arm", "+")
            text = hanging(f"{add} in the Lab adds what its form says", self._width, 2, "$secondary")
            yield Option(text, disabled=True)
        yield self._title("Runs")
        seeds = preset.seeds
        span = f" ({seeds[0]:,} to {seeds[-1]:,})" if len(seeds) > 1 else f" ({seeds[0]:,})"
        yield Option(_row("seeds", f"{len(seeds):,}{span}"), id="seeds")
        yield Option(_row("jobs", jobs), id="jobs")
        for row, (path, values) in enumerate((preset.study.grid if preset.study else {}).items()):
            said = ", ".join(show_setting(value) for value in values)
            text = hanging(f"{path} = {said}", self._width - 7, 7)
            yield Option(Content.assemble(("grid   ", "$secondary"), text[7:]), id=f"grid:{row}")
        yield self._title("Claims")
        for row, claim in enumerate(preset.claims):
            text = Content("\n").join(
                [
                    hanging(claim.text, self._width, 0),
                    hanging(claim_rule(claim), self._width, 2, "$secondary"),
                ]
            )
            yield Option(text, id=f"claim:{row}")
        if not preset.claims:
            add = key_of(self.app, "study.add_claim", "a")
            text = hanging(f"{add} adds one: what the runs are to decide", self._width, 2, "$secondary")
            yield Option(text, disabled=True)

    def _title(self, text: str) -> Option:
        line = Content(visible(text)).truncate(self._width, ellipsis=True, pad=True)
        return Option(line.stylize("bold on $surface"), disabled=True)

    def action_remove(self) -> None:
        """Ask to take away the line under the cursor."""
        what, number = self.chosen
        if what:
            self.post_message(self.Removed(what, number))


def claim_rule(claim: Claim) -> str:
    """Write what a claim says in its terms.

    >>> claim_rule(Claim(text="", arm="batch", metric="val_loss", direction="lower", margin=0.1))
    'val_loss (best): batch lower than baseline, margin 0.1'
    """
    metric: str = claim.metric
    if claim.target:
        ((name, value),) = claim.target.items()
        metric = f"{metric} {name} {value:g}"
    elif "_" in metric and metric != "samples_per_second":
        metric = f"{metric} ({claim.at})"
    than = "equal to" if claim.direction == "equal" else f"{claim.direction} than"
    where = "".join(f", {path.split('.')[-1]} = {show_setting(value)}" for path, value in claim.where.items())
    margin = f", margin {claim.margin:g}" if claim.margin else ""
    return f"{metric}: {claim.arm} {than} {claim.against}{where}{margin}"


def _arm_lines(change: Change | None, preset: Preset, row: int, width: int) -> Iterator[Content]:
    if row == 0:
        experiment = preset.experiment
        parts = (experiment.dataset.kind, experiment.model.kind, experiment.optimizer.kind)
        yield hanging(" · ".join(parts), width, 2, "$secondary")
    elif change is None:
        for path, value in preset.arms[row - 1].set.items():
            yield hanging(f"{path} = {show_setting(value)}", width, 2, "$secondary")
    else:
        if change.is_confounded:
            yield Content.styled(f"  confounded: {len(change.settings)} changes", "$warning")
        for setting in change.settings:
            yield hanging(str(setting), width, 2, "$secondary", most=3)
        for consequence in change.consequences:
            yield hanging(f"so {consequence}", width, 4, "$secondary dim", most=2)


def _row(name: str, text: str) -> Content:
    return Content.assemble((f"{name:6} ", "$secondary"), text)
