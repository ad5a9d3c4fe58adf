"""Every shipped preset trains, each cell for a few steps, and asks what its runs can answer."""

from typing import get_args

import pytest

from normlab.analysis.judge import judge
from normlab.analysis.scales import is_share_of_runs, scale_of
from normlab.analysis.trial import Trial
from normlab.components.datasets import Dataset
from normlab.core import places
from normlab.core.choice import members
from normlab.engine.events import Point
from normlab.engine.loop import run
from normlab.lab.metrics import Metric, better
from normlab.lab.presets import load_preset
from normlab.lab.settings import change

PRESETS = sorted(path.stem for path in places.shipped_presets().glob("*.toml"))


def needs_download(experiment):
    return members(Dataset)[experiment.dataset.kind].fetch is not Dataset.fetch


# The other experiments are demonstrations, or rules of the program.
LECTURES = {"a1", "a2", "a3", "b1", "b2", "b4", "c1", "c2", "c3", "c4", "c5", "d1", "e3", "e4"}
LITERATURE = {f"l{n:02}" for n in (1, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 17, 18, 20, 22, 23)}
# What is downloaded has an offline twin with the study.
ONLINE = [name for name in PRESETS if needs_download(load_preset(name).experiment)]
STUDIES = [name for name in PRESETS if name not in ("digits", *ONLINE)]


@pytest.mark.parametrize("name", PRESETS)
def test_every_cell_of_a_shipped_preset_trains(name):
    for cell in load_preset(name).cells:
        experiment = cell.experiment
        warmup = min(1, experiment.schedule.warmup_steps)
        settings = {"training.steps": 3, "training.evaluate_every": 1, "schedule.warmup_steps": warmup}
        if needs_download(experiment):
            settings["dataset.kind"] = "digits"  # what is downloaded is tested with its loaders
            settings["dataset.samples"] = None
        events = list(run(change(experiment, settings), device="cpu", arm=cell.name))
        assert events[-1].outcome in ("completed", "diverged"), cell.name
        assert events[-1].last.step >= 1


def test_every_experiment_of_the_gallery_has_a_study():
    assert {name.partition("-")[0] for name in STUDIES} == LECTURES | LITERATURE


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_the_gallery_says_what_matters(name):
    preset = load_preset(name)
    assert preset.study is not None
    assert preset.study.seeds == 10
    assert preset.claims
    assert all(claim.margin > 0 for claim in preset.claims), "what size of a difference matters"
    claimed = {name for claim in preset.claims for name in (claim.arm, claim.against)}
    assert claimed == set(preset.experiments), "an arm that no claim is about"


def measure(claim):
    """Name what a claim compares, whichever epoch it looks at."""
    return claim.metric, *(claim.target or {}).items()


def as_claimed(preset):
    """Give each cell a rank in each measure, so that all claims are true at once."""
    ranks = {cell.name: {measure(claim): 0 for claim in preset.claims} for cell in preset.cells}
    sides = [
        (claim, ranks[arm.name], ranks[against.name])
        for claim in preset.claims
        for arm in preset.cells
        for against in preset.cells
        if (arm.arm, against.arm) == (claim.arm, claim.against)
        if arm.point == against.point and claim.is_at(arm.point)
    ]
    for _ in preset.claims:
        for claim, arm, against in sides:
            of = measure(claim)
            low, high = (arm, against) if claim.direction == "lower" else (against, arm)
            high[of] = max(high[of], low[of] + (claim.direction != "equal"))
            if claim.direction == "equal":
                low[of] = high[of]
    return ranks


def scripted(seed, ranks):
    """Make a run that has these ranks: the one above has another tenth in shares, half as much again in others."""
    last, reached = {}, []
    for (metric, *target), rank in ranks.items():
        if target:
            assert rank <= 1 or metric != "reached"
            place = 0 if metric == "reached" and not rank else round(100 * 1.5**rank)
            reached += [(place, dict(target))] * bool(place)
            name = target[0][0]
            # Where nothing else is said of it, a run begins and ends short of its target.
            last.setdefault(name, 0.0 if better(name) == "higher" else 10.0)
        elif not is_share_of_runs(metric):
            last[metric] = 0.3 + rank / 10 if scale_of(metric) == "difference" else 2 * 1.5**rank
    ways = [Point(epoch=place, step=place, metrics=last | goal) for place, goal in sorted(reached, key=str)]
    end = Point(epoch=999, step=999, metrics=last)
    outcome = "diverged" if ranks.get(("diverged",)) else "completed"
    return Trial(seed, outcome, end, end, [*ways, end], num_steps=999, num_epochs=999, seconds=1.0)


def judged(preset, ranks):
    seeds = range(preset.experiment.seed, preset.experiment.seed + preset.study.seeds)
    runs = {name: {seed: scripted(seed, found) for seed in seeds} for name, found in ranks.items()}
    return judge(preset, runs, (len(seeds),))


@pytest.mark.parametrize("name", STUDIES)
def test_claims_are_supported_by_runs_that_are_all_as_claimed(name):
    preset = load_preset(name)
    for verdict in judged(preset, as_claimed(preset)):
        assert verdict.verdict == "supported", (verdict.claim, verdict.reason)


@pytest.mark.parametrize("name", STUDIES)
def test_directions_are_refuted_by_arms_that_are_all_alike(name):
    preset = load_preset(name)
    alike = {cell: dict.fromkeys(ranks, 0) for cell, ranks in as_claimed(preset).items()}
    for verdict in judged(preset, alike):
        assert verdict.direction == "equal" or verdict.verdict == "refuted: no effect", verdict.claim


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_of_the_gallery_teaches(name):
    preset = load_preset(name)
    paragraphs = preset.about.strip().split("\n\n")
    assert 2 <= len(paragraphs) <= 4
    assert "Look" in preset.about or "look" in preset.about
    assert preset.source
    assert preset.title.upper().startswith(name.partition("-")[0].upper().replace("L0", "L"))


@pytest.mark.parametrize("name", STUDIES)
def test_claims_are_on_what_their_runs_measure(name):
    preset = load_preset(name)
    for claim in preset.claims:
        asked = set(claim.target or ()) | ({claim.metric} & set(get_args(Metric)))
        for arm in (claim.arm, claim.against):
            experiment = preset.experiments[arm]
            settings = {"training.steps": 1, "training.evaluate_every": 1, "schedule.warmup_steps": 0}
            finished = list(run(change(experiment, settings), device="cpu"))[-1]
            assert asked <= set(finished.last.metrics), claim.text


def test_a1_starts_at_the_loss_of_a_guess():
    experiment = change(load_preset("a1-random-labels").experiment, {"training.steps": 1})
    finished = list(run(experiment, device="cpu"))[-1]
    assert finished.last.metrics["train_loss"] == pytest.approx(0.693, abs=0.03)
    assert "val_loss" not in finished.last.metrics


@pytest.mark.slow
def test_c1_learns_its_batch_by_heart():
    finished = list(run(load_preset("c1-one-batch").experiment, device="cpu"))[-1]
    assert finished.last.metrics["train_loss"] < 0.01
    assert finished.last.metrics["train_accuracy"] == 1.0


@pytest.mark.slow
def test_d1_parts_its_circles():
    finished = list(run(load_preset("d1-circles").experiments["batch norm"], device="cpu"))[-1]
    assert finished.best.metrics["val_accuracy"] > 0.98
