"""How often tests and intervals are wrong: docs/STATISTICS.md shows what is measured here."""

import re
import time
from math import comb
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from normlab.analysis.caveats import unseen_share
from normlab.analysis.estimates import Mean, Median, Share
from normlab.analysis.judge import judge
from normlab.analysis.sign_flip import sign_flip_p, signed_midranks

DOC = Path(__file__).parent.parent.parent / "docs" / "STATISTICS.md"
NUMS = (6, 10, 20)
REPEATS = 20_000
ERROR = 3 * np.sqrt(0.05 * 0.95 / REPEATS)
"""What 20,000 repetitions may miss the truth by: 0.5 points."""

# Each gives differences without an effect, rows of n; the truth that an interval should cover is 0.


def normal(rng, shape):
    return rng.normal(0, 1, shape)


def log_ratios(rng, shape):
    """Losses that are lognormal around a scale of their seed, the arm's 0.7 times as large, by log ratio."""
    seed = rng.lognormal(0, 1, shape)
    return np.log(0.7 * seed * rng.lognormal(0, 0.8, shape) / (seed * rng.lognormal(0, 0.8, shape))) - np.log(
        0.7
    )


def exchangeable(rng, shape):
    """Skewed values of two arms that are the same: their differences are not skewed."""
    return rng.lognormal(0, 1, shape) - rng.lognormal(0, 1, shape)


def failing(rng, shape):
    """The same with one run in ten failing: by ranks, and the median's interval."""
    d = exchangeable(rng, shape)
    arm, against = rng.random(shape) < 0.1, rng.random(shape) < 0.1
    d[arm], d[against] = np.inf, -np.inf
    d[arm & against] = 0
    return d


def shares(rng, shape):
    """Whether a run reached a target, which half of the runs of both arms do."""
    return rng.integers(0, 2, shape).astype(float) - rng.integers(0, 2, shape)


def exponential(rng, shape):
    return rng.exponential(1, shape) - 1


def lognormal(rng, shape):
    return rng.lognormal(0, 1, shape) - np.exp(0.5)


HOLDS = {
    "normal differences": normal,
    "lognormal losses, log ratio": log_ratios,
    "skewed values, same arms": exchangeable,
    "the same, 1 run in 10 fails": failing,
    "shares of runs": shares,
}
FAILS = {"exponential differences": exponential, "lognormal differences": lognormal}


def signs(n):
    return 1 - 2 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)


def ps(d):
    """Give each row's p of the exact sign-flip test."""
    n = d.shape[1]
    limits = np.abs(d.sum(1)) - 1e-10 * np.abs(d).sum(1)
    left, right = d[:, : n // 2] @ signs(n // 2).T, np.sort(d[:, n // 2 :] @ signs(n - n // 2).T, axis=1)
    rows = zip(left, right, limits, strict=True)
    below = np.array([np.searchsorted(ys, limit - xs).sum() for xs, ys, limit in rows])
    return np.minimum(2 * (2**n - below) / 2**n, 1)


def covered(d, kind):
    """Tell for each row whether its 95 % interval covers 0, all rows at once."""
    n = d.shape[1]
    if kind is Mean:
        center, half = d.mean(1), special.stdtrit(n - 1, 0.975) * d.std(1, ddof=1) / np.sqrt(n)
    elif kind is Share:
        center = d.sum(1) / (n + 2)
        half = special.stdtrit(n - 1, 0.975) * np.sqrt((((d**2).sum(1) + 1) / (n + 2) - center**2) / (n + 2))
    else:
        k = sum(2 * special.bdtr(j, n, 0.5) <= 0.05 for j in range(n))
        ends = np.sort(d, axis=1)[:, [k - 1, n - k]]
        return (ends[:, 0] <= 0) & (ends[:, 1] >= 0)
    return np.abs(center) <= half


def measure(draw, n):
    """Give the shares of false positives at 5 % and of intervals at 95 % that cover the truth."""
    d = draw(np.random.default_rng([n, len(draw.__name__)]), (REPEATS, n))
    kind = {shares: Share, failing: Median}.get(draw, Mean)
    tested = np.array([signed_midranks(row) for row in d]) if kind is Median else d
    return (ps(tested) < 0.05).mean(), covered(d, kind).mean()


@pytest.mark.parametrize("kind", [Mean, Share, Median])
@pytest.mark.parametrize("n", NUMS)
def test_the_simulated_test_and_intervals_are_the_lab_s(kind, n):
    draw = shares if kind is Share else normal
    d = draw(np.random.default_rng(1), (30, n)) + (kind is not Share) * 2.2 / np.sqrt(n)
    assert ps(d).tolist() == [sign_flip_p(row) for row in d]
    own = [low <= 0 <= high for low, high in (kind(row).interval(0.95) for row in d)]
    assert covered(d, kind).tolist() == own
    assert kind is Share or 0 < sum(own) < 30


@pytest.fixture(scope="module")
def table():
    """What docs/STATISTICS.md says: by differences and n, false positives and coverage in per cent."""
    rows = re.findall(r"^\| ([^|]+?) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", DOC.read_text(), re.MULTILINE)
    return {(name, int(n)): (float(p), float(c)) for name, n, p, c in rows}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOLDS)
@pytest.mark.parametrize("n", NUMS)
def test_the_test_errs_in_5_percent_and_intervals_cover_93(name, n, table):
    wrong, covering = measure(HOLDS[name], n)
    assert wrong <= 0.05 + ERROR
    assert covering >= 0.93 - ERROR
    assert table[name, n] == pytest.approx((100 * wrong, 100 * covering), abs=0.15), (
        "docs/STATISTICS.md has drifted"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", FAILS)
@pytest.mark.parametrize("n", NUMS)
def test_for_raw_skewed_differences_neither_holds_and_the_page_says_so(name, n, table):
    wrong, covering = measure(FAILS[name], n)
    assert covering < 0.93
    assert table[name, n] == pytest.approx((100 * wrong, 100 * covering), abs=0.15), (
        "docs/STATISTICS.md has drifted"
    )


@pytest.mark.parametrize("n", NUMS)
def test_how_often_a_rare_collapse_passes_as_equal(n, verdicts):
    """One arm's val_accuracy is always 1, the other's 0.5 in 15 % of its runs: 7.5 points lower."""
    claims = [{"metric": "val_accuracy", "direction": "equal", "margin": 0.02},
              {"metric": "val_accuracy", "direction": "lower", "margin": 0.05}]  # fmt: skip
    wrong = [0.0, 0.0]
    for num in range(n + 1):
        new = [{"val_accuracy": 0.5}] * num + [{"val_accuracy": 1.0}] * (n - num)
        equal, lower = verdicts(new, [{"val_accuracy": 1.0}] * n, claims[0]) + verdicts(
            new, [{"val_accuracy": 1.0}] * n, claims[1]
        )
        chance = comb(n, num) * 0.15**num * 0.85 ** (n - num)
        wrong[0] += chance * (equal.verdict == "supported")
        wrong[1] += chance * (lower.verdict == "refuted: no effect")
    row = re.search(rf"^\| {n} \| ([\d.]+) \| ([\d.]+) \| (\d+) \|$", DOC.read_text(), re.MULTILINE)
    assert row, "docs/STATISTICS.md has a row for it"
    assert [float(value) for value in row.groups()[:2]] == pytest.approx([100 * w for w in wrong], abs=0.051)
    assert int(row[3]) == round(100 * unseen_share(n))


@pytest.mark.parametrize(("seeds", "num_claims", "limit"), [(40, 20, 1), (10, 1000, 5), (10_000, 1, 2)])
def test_large_studies_are_judged_in_seconds(study, trial, seeds, num_claims, limit):
    preset = study(*[{"metric": "val_loss"}] * num_claims, seeds=seeds)
    rng = np.random.default_rng(0)
    runs = {
        arm: {
            seed: trial(seed, metrics={"val_loss": float(loss)})
            for seed, loss in enumerate(rng.lognormal(0, 0.3, seeds))
        }
        for arm in ("new", "baseline")
    }
    begun = time.process_time()
    assert len(judge(preset, runs, (seeds,))) == num_claims
    assert time.process_time() - begun < 2 * limit, "twice what it takes on a quiet core"
