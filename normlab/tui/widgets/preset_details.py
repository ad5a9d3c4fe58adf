"""What the highlighted preset asks, trains and compares; or what is wrong with its file."""

from collections.abc import Iterator, Mapping

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from normlab.core.choice import Part
from normlab.core.fields import describe
from normlab.core.text import visible
from normlab.lab.presets import Preset
from normlab.lab.settings import show_setting
from normlab.lab.study import BASELINE, Arm, Claim
from normlab.tui.widgets.lines import lines
from normlab.tui.widgets.preset_list import Entry
from normlab.tui.widgets.prose import Prose


class PresetDetails(VerticalScroll):
    """A preset's title, source and words, then its arms, seeds and claims."""

    DEFAULT_CSS = """
    PresetDetails { height: 1fr; padding: 0 1 0 2; scrollbar-size-vertical: 1; }
    PresetDetails:focus { background-tint: $foreground 3%; }
    PresetDetails #title { text-style: bold; color: $primary; }
    PresetDetails #source { color: $secondary; margin-bottom: 1; }
    """

    def compose(self) -> ComposeResult:
        yield Static(id="title")
        yield Static(id="source")
        yield Prose()
        yield Static(id="facts")

    async def show(self, entry: Entry) -> None:
        """Show a preset, or the errors of its file."""
        preset = entry.preset
        title = preset.title if preset else entry.path.stem
        source = preset.source if preset and preset.source else str(entry.path)
        self.query_one("#title", Static).update(Content(visible(title)))
        self.query_one("#source", Static).update(Content(visible(source, 400)))
        self.query_one("#facts", Static).update(facts(preset) if preset else _broken(entry))
        await self.query_one(Prose).update(preset.about if preset else "")


def facts(preset: Preset) -> Content:
    """Tell a preset's arms and what they change, its claims, how many runs it takes, and what it trains."""
    experiment, training = preset.experiment, preset.experiment.training
    trained = {name: show_setting(getattr(experiment, name)) for name in _PARTS}
    trained["model"] += "".join(_inner_parts(experiment.model))
    batches = f"batch size {show_setting(training.batch_size)}"
    trained["training"] = f"{training.steps or training.epochs} {training.unit}s, {batches}"
    changes = {arm.name: _changes(arm) for arm in preset.arms}
    width = min(24, max(map(len, preset.experiments)))
    sections = {
        "Arms": _table({BASELINE: "", **changes}, width) if preset.arms else [],
        "Claims": [_claim(claim) for claim in preset.claims],
        "Runs": [Content(runs_of(preset))],
        "Trains": _table(trained, 10),
    }
    return Content("\n\n").join(
        Content("\n").join([Content.styled(title, "bold"), *rows]) for title, rows in sections.items() if rows
    )


def runs_of(preset: Preset) -> str:
    """Say how many runs a preset takes.

    >>> from normlab.lab.presets import load_preset
    >>> runs_of(load_preset("b2-dropout"))
    '30 runs: 3 arms with 10 seeds each'
    """
    arms, seeds = len(preset.experiments), len(preset.seeds)
    if arms == seeds == 1:
        return "1 run"
    said = f"{seeds} seed{'s' * (seeds > 1)}"
    return f"{arms * seeds} runs: " + (f"{arms} arms with {said} each" if arms > 1 else said)


_PARTS = ("dataset", "model", "loss", "optimizer", "schedule")


def _inner_parts(model: Part) -> Iterator[str]:
    for name, field in describe(type(model)).items():
        if field.family and (part := getattr(model, name)) != field.default:
            yield f", {name} {show_setting(part)}"


def _table(rows: Mapping[str, str], width: int) -> list[Content]:
    return [
        Content.assemble(f"{visible(name, width):{width}}  ", (visible(text, 400), "$secondary"))
        for name, text in rows.items()
    ]


def _changes(arm: Arm) -> str:
    return ", ".join(f"{path} = {show_setting(value)}" for path, value in arm.set.items())


def _claim(claim: Claim) -> Content:
    metric = claim.metric
    if claim.target:
        ((name, value),) = claim.target.items()
        metric = f"{metric} {name} {value:g}"
    than = "equal to" if claim.direction == "equal" else f"{claim.direction} than"
    measured = f"{metric} ({claim.at}) of {claim.arm} {than} {claim.against}"
    return Content.assemble(f"{visible(claim.text, 400)}\n", (f"  {visible(measured, 400)}", "$secondary"))


def _broken(entry: Entry) -> Content:
    if not entry.problems:
        return Content("Being read…")
    said = lines("\n".join(entry.problems[:20]))
    return Content.assemble(("This file is broken:\n\n", "bold $error"), said)
