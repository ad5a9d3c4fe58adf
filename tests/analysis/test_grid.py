"""Verdicts over the places of a grid."""

import math

import pytest

from normlab.analysis.judge import judge

NOISE = [0.03, -0.02, 0.05, 0.01, -0.04, 0.02, -0.01, 0.04, -0.03, 0.0]
LOSS = {"metric": "val_loss"}
GRID = {"training.batch_size": [8, 32]}


def on_grid(trial, new, old):
    """Give runs of both arms, each a list of metrics (or an outcome) over the grid's places."""
    places = ("batch_size = 8", "batch_size = 32")
    return {
        f"{arm} · {place}": {
            seed: trial(seed, value)
            if isinstance(value, str)
            else trial(seed, metrics={"val_loss": value * math.exp(x)})
            for seed, x in enumerate(NOISE)
        }
        for arm, side in (("new", new), ("baseline", old))
        for place, value in zip(places, side, strict=True)
    }


def test_a_claim_is_about_its_place_of_the_grid_or_the_mean_over_all(study, trial):
    claims = LOSS | {"where": {"training.batch_size": 8}}, LOSS | {"where": {"training.batch_size": 32}}, LOSS
    preset = study(*claims, grid=GRID)
    first, second, both = judge(preset, on_grid(trial, (0.5, 2.0), (1.0, 1.0)), (10,))
    assert (first.effect, second.effect, both.effect) == pytest.approx((0.5, 2.0, 1.0))
    assert (first.num_pairs, both.num_pairs) == (10, 10)
    assert both.sides[0].values[9] == pytest.approx(1.0)
    assert (first.num_places, both.num_places) == (1, 2)
    assert not any("place" in caveat for caveat in both.caveats), "no run failed"


def test_over_the_grid_the_arm_that_fails_at_more_places_is_the_worse(study, trial):
    preset = study(LOSS, grid=GRID)
    (verdict,) = judge(preset, on_grid(trial, (0.5, 1.0), (0.4, "diverged")), (10,))
    assert (verdict.verdict, verdict.effect) == ("supported", 0.0)
    (verdict,) = judge(preset, on_grid(trial, (0.5, "diverged"), (1.0, "diverged")), (10,))
    assert verdict.effect == pytest.approx(0.5), "where both fail the rest counts"


def test_what_every_seed_shows_at_one_place_of_many_is_not_drowned(study, trial):
    grid = {"training.batch_size": list(range(8, 17))}
    claims = [{"metric": "diverged", "direction": way, "margin": 0.1} for way in ("higher", "equal")]
    runs = {
        f"{arm} · batch_size = {size}": {
            seed: trial(seed, "diverged" if arm == "new" and size == 8 + seed % 2 else "completed")
            for seed in range(10)
        }
        for arm in ("new", "baseline")
        for size in range(8, 17)
    }
    higher, equal = judge(study(*claims, grid=grid), runs, (10,))
    assert (higher.verdict, higher.effect) == ("supported", pytest.approx(1 / 9))
    assert 0 < higher.interval[0] < 1 / 9 < higher.interval[1]
    assert not any("few seeds" in caveat for caveat in higher.caveats)
    assert equal.verdict == "undecided"
    same = runs | {name.replace("baseline", "new"): side for name, side in runs.items() if "base" in name}
    higher, equal = judge(study(*claims, grid=grid), same, (10,))
    assert (higher.verdict, equal.verdict) == ("refuted: no effect", "supported")


def test_on_a_grid_failures_are_told_by_seeds(study, trial):
    preset = study(LOSS, LOSS | {"direction": "equal", "margin": 0.1}, grid=GRID)
    lower, equal = judge(preset, on_grid(trial, (0.5, "diverged"), (1.0, "diverged")), (10,))
    assert lower.num_places == 2
    assert any("new failed in 10 of 10 seeds, at one place of the grid or more." in c for c in lower.caveats)
    assert not any("count as worst" in caveat for caveat in lower.caveats)
    assert any("nothing is compared at these places" in caveat for caveat in lower.caveats)
    assert equal.verdict == "refuted: they differ"
    turned, equal = judge(preset, on_grid(trial, (0.5, "diverged"), ("diverged", 0.5)), (10,))
    assert turned.reason == "in no seed have both arms a value at the same place of the grid"
    grid = {"training.batch_size": [8, 32, 64]}
    runs = on_grid(trial, (1.0, "diverged"), ("diverged", 1.0))
    runs |= {
        f"{arm} · batch_size = 64": {s: trial(s, metrics={"val_loss": 1.0}) for s in range(10)}
        for arm in ("new", "baseline")
    }
    (equal,) = judge(study(LOSS | {"direction": "equal", "margin": 0.1}, grid=grid), runs, (10,))
    assert equal.effect == 1
    assert equal.reason == "runs failed: in 10 seeds only one arm failed, so equality can't be shown"
