"""The dialog in which a claim is said: which arm, against which, in what, which way, by how much."""

from collections.abc import Sequence
from typing import Any, ClassVar, get_args

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Static

from normlab.core.errors import NormlabError
from normlab.lab.presets import Preset
from normlab.lab.settings import show_setting
from normlab.lab.study import BASELINE, TARGETED, Claim, Comparable
from normlab.tui.arms import with_claims
from normlab.tui.screens.dialogs import Dialog
from normlab.tui.widgets.choice_row import ChoiceRow
from normlab.tui.widgets.lines import lines

EVERYWHERE = "everywhere, in the mean"
_BESIDE: Sequence[str] = get_args(get_args(Comparable)[1])


class ClaimForm(Dialog[Claim | None]):
    """Ask for a claim about a study's arms; it is checked at each change, and only a sound one is taken.

    `metrics` are those that the data measures; `index` is the claim that is changed, None adds one.
    """

    DEFAULT_CSS = """
    ClaimForm > Vertical { width: 76; }
    ClaimForm .line { height: 1; width: 1fr; margin: 0; align-horizontal: left; }
    ClaimForm .line Label { width: 12; color: $secondary; }
    ClaimForm .line Input { width: 1fr; }
    ClaimForm .line ChoiceRow { width: 44; }
    ClaimForm .error { max-height: 4; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="study.save_claim", show=False),
    ]

    def __init__(self, preset: Preset, metrics: Sequence[str], index: int | None = None) -> None:
        super().__init__()
        self._preset, self._index = preset, index
        self._metrics = list(metrics)
        self._old = None if index is None else preset.claims[index]

    def compose(self) -> ComposeResult:
        old, names = self._old, list(self._preset.experiments)
        arm = old.arm if old else next((name for name in names if name != BASELINE), BASELINE)
        points = self._preset.study.points() if self._preset.study else [{}]
        self._places = {EVERYWHERE: {}} | {_place(point): point for point in points if point}
        if old and old.where:
            self._places.setdefault(_place(old.where), dict(old.where))
        first = "val_loss" if "val_loss" in self._metrics else self._metrics[0]
        ((target, value),) = old.target.items() if old and old.target else [(first, "")]
        with Vertical():
            yield Static(Content("A claim, for the runs to decide"), classes="title")
            yield ChoiceRow("arm", names, arm, "arm")
            yield ChoiceRow("against", names, old.against if old else BASELINE, "against")
            yield ChoiceRow("metric", [*self._metrics, *_BESIDE], old.metric if old else first, "metric")
            yield ChoiceRow("at", ["best", "last"], old.at if old else "best", "at")
            with Horizontal(classes="line", id="target-line"):
                yield ChoiceRow("target", self._metrics, target, "target")
                yield Input(f"{value}", id="target-value", placeholder="value to reach")
            yield ChoiceRow("direction", ["lower", "higher", "equal"], self._direction(), "direction")
            with Horizontal(classes="line"):
                yield Label("margin", markup=False)
                yield Input(
                    f"{old.margin:g}" if old and old.margin else "",
                    id="margin",
                    placeholder="smallest that matters",
                )
            yield ChoiceRow("where", list(self._places), _place(old.where) if old else "", "where")
            with Horizontal(classes="line"):
                yield Label("sentence", markup=False)
                yield Input(old.text if old else "", id="text", max_length=400, select_on_focus=False)
            yield Static(classes="error")
            with Horizontal():
                yield Button(Content("Save (ctrl+s)"), id="yes", compact=True)
                yield Button(Content("Cancel (esc)"), id="no", compact=True)

    def _direction(self) -> str:
        return self._old.direction if self._old else "lower"

    def on_mount(self) -> None:
        self.query_one("#where").display = len(self._places) > 1
        self._changed()

    def _choice(self, name: str) -> str:
        return self.query_one(f"#{name}", ChoiceRow).value

    def _typed(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value.strip()

    @on(ChoiceRow.Changed)
    @on(Input.Changed)
    def _changed(self) -> None:
        metric = self._choice("metric")
        self.query_one("#target-line").display = metric in TARGETED
        self.query_one("#at").display = metric in self._metrics
        margin = self.query_one("#margin", Input)
        margin.placeholder = f"smallest that matters: {_unit(metric)}"
        self.query_one("#text", Input).placeholder = self._sentence()
        self._claim()

    def _table(self) -> dict[str, Any]:
        metric = self._choice("metric")
        found: dict[str, Any] = {name: self._choice(name) for name in ("arm", "against", "direction")}
        found |= {"metric": metric, "text": self._typed("text") or self._sentence()}
        found["where"] = self._places[self._choice("where")]
        if metric in self._metrics:
            found["at"] = self._choice("at")
        if metric in TARGETED:
            found["target"] = {self._choice("target"): _number(self._typed("target-value"))}
        if margin := self._typed("margin"):
            found["margin"] = _number(margin)
        return found

    def _sentence(self) -> str:
        """Say the claim in words, for whoever writes none."""
        arm, against, metric = self._choice("arm"), self._choice("against"), self._choice("metric")
        way, value = self._choice("direction"), self._typed("target-value") or "…"
        goal = f"a {self._choice('target')} of {value}"
        than = f"as {against}" if way == "equal" else f"than {against}"
        match metric:
            case "epochs_to" | "steps_to":
                many = {"lower": "fewer", "higher": "more", "equal": "as many"}[way]
                said = f"{arm} reaches {goal} in {many} {metric.removesuffix('_to')} {than}"
            case "reached" | "diverged":
                often = {"lower": "less often", "higher": "more often", "equal": "as often"}[way]
                said = f"{arm} {'reaches ' + goal if metric == 'reached' else 'diverges'} {often} {than}"
            case _:
                high = {"lower": "a lower", "higher": "a higher", "equal": "the same"}[way]
                said = f"{arm} has {high} {metric} {than}"
        return f"{said[:1].upper()}{said[1:]}"[:400]

    def _claim(self) -> Claim | None:
        """Give the claim where it will do, and show what is wrong where it won't."""
        index = len(self._preset.claims) if self._index is None else self._index
        claims: list[Any] = [*self._preset.claims[:index], self._table(), *self._preset.claims[index + 1 :]]
        try:
            found, wrong = with_claims(self._preset, claims).claims[index], ""
        except NormlabError as error:
            at = f"claims[{index}]."
            found, wrong = None, "\n".join(str(each).removeprefix(at) for each in error.problems)
        self.query_one(".error", Static).update(lines(wrong))
        return found

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#no")
    def _cancelled(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#yes")
    def action_save(self) -> None:
        """Take the claim, where it will do."""
        if (claim := self._claim()) is not None:
            self.dismiss(claim)


def _place(point: Any) -> str:
    return ", ".join(f"{path.split('.')[-1]} = {show_setting(value)}" for path, value in point.items())


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text  # for the rules to refuse


def _unit(metric: str) -> str:
    from normlab.analysis.scales import scale_of

    return "a share, 0.1 is a tenth" if scale_of(metric) == "ratio" else "a difference, 0.01 is a point"
