import math
import re

import pytest

from normlab.analysis.judge import judge
from normlab.analysis.wording import conclusion, finding, sentences

NOISE = [0.03, -0.02, 0.05, 0.01, -0.04, 0.02, -0.01, 0.04, -0.03, 0.0]
EPOCHS = {"metric": "epochs_to", "target": {"val_accuracy": 0.98}}
LOSS = {"metric": "val_loss"}


def losses(ratio):
    return [{"val_loss": ratio * math.exp(x)} for x in NOISE]


@pytest.fixture
def told(verdicts):
    """Tells one claim's verdict."""
    return lambda new, old, claim, **rest: sentences(verdicts(new, old, claim, **rest)[0], "circles")


def test_the_method_s_own_example(told, reaching):
    new = [reaching(seed, epoch) for seed, epoch in enumerate((29, 30, 30, 31, 31, 31, 32, 33, 34, 50))]
    old = [reaching(seed, epoch) for seed, epoch in enumerate((44, 45, 46, 47, 48, 48, 50, 52, None, 48))]
    assert told(new, old, EPOCHS) == (
        "On circles, 10 seeds: new reached val_accuracy 0.98 in a median of 31 epochs against 48 for baseline: "
        "1.5 times as fast (95 % interval 1.5 to 1.6 times; faster in 9 of 10 seeds; "
        "reached 10 of 10 and 9 of 10). Supported for this setup."
    )


def test_an_arm_that_mostly_never_reaches_has_no_median_and_the_speed_is_a_bound(told, reaching):
    new = [reaching(seed, 5) for seed in range(10)]
    old = [reaching(seed, 10 if seed < 4 else None) for seed in range(10)]
    text = told(new, old, EPOCHS)
    assert (
        "new reached val_accuracy 0.98 in a median of 5 epochs, baseline in no more than half of its runs"
        in text
    )
    assert "at least 4 times as fast (95 % interval at least 2 times as fast; " in text
    assert "reached 10 of 10 and 4 of 10" in text
    text = told(old, new, EPOCHS)
    assert "at most 0.25 times as fast (95 % interval at most 0.5 times as fast; " in text
    never = [reaching(seed, None) for seed in range(10)]
    assert "neither new nor baseline reached val_accuracy 0.98 in more than half of their runs" in told(
        never, never, EPOCHS
    )


@pytest.mark.parametrize(
    ("ratio", "claim", "says"),
    [
        (0.71, {}, "new had a val_loss of 0.714 at its best epoch against 1 for baseline: 29 % lower (95 % interval -30 to -27 %; lower in 10 of 10 seeds). Supported for this setup."),
        (0.71, {"at": "last"}, "at the end against"),
        (0.71, {"margin": 0.1}, "Supported for this setup, and the difference found is at least 10 %."),
        (0.71, {"margin": 0.5}, "Supported in direction only, for this setup: the difference found is below 50 %."),
        (1.29, {}, "30 % higher"),
        (1.29, {}, "Refuted for this setup: it is the other way round."),
        (3.0, {}, "3 times as high (95 % interval 3 to 3.1 times"),
        (0.004, {}, ": less than a hundredth of it (95 % interval 0.0039 to 0.0041 times; "),
        (1.0, {"margin": 0.1}, "Refuted for this setup: val_loss is not lower by 10 % or more."),
        (1.0, {"margin": 0.1, "direction": "equal"}, "nearer than 10 % in 10 of 10 seeds). Supported for this setup: equal within 10 %."),
        (1.3, {"margin": 0.1, "direction": "equal"}, "Refuted for this setup: they differ by more than 10 %."),
        (1.0, {}, "Undecided: the difference could be chance (p = 0.68); extended to 352 seeds, the study would probably decide it."),
    ],
)  # fmt: skip
def test_losses_are_told_as_ratios(told, ratio, claim, says):
    assert says in told(losses(ratio), [{"val_loss": 1.0}] * 10, LOSS | claim)


def test_accuracies_are_told_in_points(told):
    new = [{"val_accuracy": 0.96 + x / 10} for x in NOISE]
    claim = {"metric": "val_accuracy", "direction": "higher", "margin": 0.01}
    assert told(new, [{"val_accuracy": 0.93}] * 10, claim) == (
        "On circles, 10 seeds: new had a val_accuracy of 0.961 at the epoch of its best train_loss against "
        "0.93 for baseline: "
        "3 points higher (95 % interval +2.8 to +3.3 points; higher in 10 of 10 seeds). "
        "Supported for this setup, and the difference found is at least 1 point."
    )


def test_the_best_epoch_is_that_of_the_metric_that_picks_it(told):
    both = [{"val_accuracy": 0.9 + x / 10, "val_loss": 1.0} for x in NOISE]
    claim = {"metric": "val_accuracy", "direction": "higher"}
    assert "at the epoch of its best val_loss against" in told(both, both, claim)
    assert "at the end against" in told(both, both, claim | {"at": "last"})
    assert "at its best epoch against" in told(both, both, LOSS)


def test_an_effect_that_the_values_told_do_not_give_says_what_it_is(told, reaching):
    new = [reaching(seed, epoch) for seed, epoch in enumerate((1, 1, 1, 1, 2, 2, 2, 2, 2, 2))]
    old = [reaching(seed, epoch) for seed, epoch in enumerate((4, 4, 4, 4, 3, 3, 3, 3, 3, 3))]
    assert (
        "in a median of 2 epochs against 3 for baseline: 2.2 times as fast in the mean of the seeds' ratios (95 %"
        in told(new, old, EPOCHS)
    )
    new, old = [reaching(seed, None if seed == 9 else 2) for seed in range(10)], [*old[4:], *old[:4]]
    assert "times as fast (" in told(new, old, EPOCHS)
    high = [{"val_loss": loss} for loss in (0.1, 0.1, 0.1, 0.1, 0.1, 5.0)]
    assert (
        "a val_loss of 0.917 at its best epoch against 1 for baseline: 81 % lower in the mean of the seeds' ratios"
        in told(high, [{"val_loss": 1.0}] * 6, LOSS)
    )


def test_runs_that_reach_or_diverge_are_counted(told, trial, reaching):
    new = [reaching(seed, 5) for seed in range(10)]
    old = [reaching(seed, 10) if seed < 2 else trial(seed, "diverged") for seed in range(10)]
    claim = EPOCHS | {"metric": "reached", "direction": "higher"}
    assert (
        "new reached val_accuracy 0.98 in 10 of 10 runs, baseline in 2 of 10 runs: 80 points higher"
        in told(new, old, claim)
    )
    text = told(new, old, {"metric": "diverged"})
    assert "new diverged in 0 of 10 runs, baseline in 8 of 10 runs: 80 points lower" in text
    assert "baseline alone in 8 of 10 seeds" in text


def test_times_are_told_as_speeds(told, trial):
    def runs(seconds):
        return [
            trial(seed, seconds=seconds * math.exp(x), samples_per_second=1e5 / seconds)
            for seed, x in enumerate(NOISE)
        ]

    both = runs(2.0), runs(4.0)
    assert (
        "new took 2.01 seconds against 4.02 for baseline: 2 times as fast (faster in 10 of 10 seeds)"
        in told(*both, {"metric": "seconds"})
    )
    claim = {"metric": "samples_per_second", "direction": "higher"}
    assert "new trained on 50,000 samples per second against 25,000 for baseline: 2 times as fast" in told(
        *both, claim
    )
    assert "slower in 0 of 10 seeds" in told(*both, {"metric": "seconds", "direction": "higher"})


def test_an_arm_whose_runs_failed_is_told_by_its_median(told, trial):
    one = [trial(0, "diverged"), *losses(0.7)[1:]]
    assert "new had a median val_loss of 0.704 at its best epoch against 1.01 for baseline" in told(
        one, losses(1.0), LOSS
    )
    most = [trial(seed, "diverged") for seed in range(10)]
    text = told(most, losses(1.0), LOSS)
    assert "new failed in 10 of 10 runs, baseline had a median val_loss of 1.01 at its best epoch (" in text
    assert text.endswith(
        " at its best epoch (lower in 0 of 10 seeds). Refuted for this setup: it is the other way round."
    )


def test_an_interval_with_an_open_end_is_told_plainly(told, trial):
    old = [*[trial(seed, "diverged") for seed in range(2)], *losses(1.0)[2:]]
    assert "(95 % interval at least 30 % lower; " in told(losses(0.7), old, LOSS)
    assert "(95 % interval at most 50 % lower; " in told(old, losses(2.0), LOSS)
    assert "(95 % interval at least 43 % higher; " in told(old, losses(0.7), LOSS)
    assert "(95 % interval at most 40 % higher; " in told(losses(1.4), old, LOSS)
    accuracy = {"metric": "val_accuracy", "direction": "higher"}
    old = [*[trial(seed, "diverged") for seed in range(2)], *[{"val_accuracy": 0.9}] * 8]
    assert "(95 % interval at least 5 points higher; " in told([{"val_accuracy": 0.95}] * 10, old, accuracy)


def test_failures_by_turns_have_no_effect(told, reaching):
    new = [reaching(seed, 10 if seed % 2 else None) for seed in range(10)]
    old = [reaching(seed, None if seed % 2 else 10) for seed in range(10)]
    assert ": either way by turns (95 % interval open at both ends; faster in 5 of 10 seeds" in told(
        new, old, EPOCHS
    )


def test_a_bound_below_the_margin_leaves_open_whether_it_is_reached(told, reaching):
    new, old = [reaching(seed, 18) for seed in range(10)], [reaching(seed, None) for seed in range(10)]
    assert told(new, old, EPOCHS | {"margin": 0.2}).endswith(
        "Supported in direction only, for this setup: whether it is 20 % or more can't be told."
    )


@pytest.mark.parametrize(
    ("new", "old", "says"),
    [
        (1.0, 1e300, "a val_loss of 1.01 at its best epoch against 1e+300 for baseline: less than a hundredth of it (95 % interval 9.8e-301 to 1e-300 times"),
        (999.7 / math.exp(0.005), 1.0, "a val_loss of 1,000 at its best"),
        (1 - 1e-9, 1 - 1e-9, "0.5 % higher"),
    ],
)  # fmt: skip
def test_numbers_near_a_power_of_ten_or_beyond_every_size(told, new, old, says):
    assert says in told(losses(new), [{"val_loss": old}] * 10, LOSS)


def test_a_difference_too_small_to_tell_is_told_as_that(told):
    text = told([{"val_loss": 1 - 1e-9 * x} for x in range(1, 7)], [{"val_loss": 1.0}] * 6, LOSS)
    assert ": less than 0.01 % lower (lower in 6 of 6 seeds)" in text
    text = told([{"val_accuracy": 1.0}] * 6, [{"val_accuracy": 1.0}] * 6,
                {"metric": "val_accuracy", "direction": "equal", "margin": 1e-6})  # fmt: skip
    assert "equal within 0.0001 points" in text


def test_equal_speeds_are_as_fast(told, trial):
    runs = [trial(seed, seconds=2.0) for seed in range(10)]
    assert "against 2 for baseline: as fast (faster in 0 of 10" in told(runs, runs, {"metric": "seconds"})


def test_while_runs_are_missing_no_seeds_are_counted(told):
    assert "29 % lower. Undecided: 1 of 20 runs is still to be made." in told(
        [*losses(0.71)[:9], None], [{"val_loss": 1.0}] * 10, LOSS
    )


def test_after_an_extension_the_way_on_is_a_fresh_study(told):
    assert told(losses(1.0), [{"val_loss": 1.0}] * 10, LOSS, looks=(6, 10)).endswith(
        "; a fresh study of 290 seeds would probably decide it."
    )


def test_on_a_grid_failures_are_told_by_seeds_and_shares_of_runs_as_such(study, trial):
    grid = {"training.batch_size": [8, 32]}
    claims = LOSS, {"metric": "diverged", "direction": "higher"}
    runs = {
        f"{arm} · batch_size = {size}": {
            seed: trial(seed, outcome, metrics={"val_loss": 1.0}) for seed in range(10)
        }
        for arm, size, outcome in (
            ("new", 8, "diverged"), ("new", 32, "completed"), ("baseline", 8, "completed"), ("baseline", 32, "completed"))
    }  # fmt: skip
    loss, diverged = (sentences(v, "circles") for v in judge(study(*claims, grid=grid), runs, (10,)))
    assert loss.startswith("On circles, 10 seeds, each with the mean over 2 places of the grid: ")
    assert "new failed in 10 of 10 seeds at one place of the grid or more, baseline had" in loss
    assert "new diverged in 50 % of runs, baseline in 0 % of runs" in diverged
    assert "more often in 10 of 10 seeds" in diverged


def test_what_was_not_decided_says_why(told, trial):
    assert told([*losses(0.7)[:9], None], losses(1.0), LOSS).endswith(
        "Undecided: 1 of 20 runs is still to be made."
    )
    assert told([{"train_loss": 1.0}], [{"train_loss": 1.0}], LOSS) == (
        "On circles, 0 seeds: nothing to compare yet. Undecided: val_loss was not measured."
    )
    old = [trial(seed, "diverged") for seed in range(10)]
    assert told(losses(0.7), old, LOSS).endswith(
        "Not comparable: baseline diverged or failed in 10 of 10 runs."
    )
    assert "On circles, 1 seed: " in told(losses(0.7)[:1], losses(1.0)[:1], LOSS)


def test_names_from_presets_are_harmless(verdicts):
    (verdict,) = verdicts(losses(0.7), losses(1.0), LOSS)
    side = verdict.sides[0].model_copy(update={"name": "a\x1b[31m"})
    text = sentences(
        verdict.model_copy(update={"sides": (side, verdict.sides[1]), "against": "\x1b"}), "data\x07"
    )
    assert not re.search(r"[\x00-\x1f\x7f]", text)


def test_no_verdict_is_ever_a_proof(verdicts):
    words = []
    for ratio in (0.7, 1.0, 1.3):
        for claim in (LOSS, LOSS | {"margin": 0.1}, LOSS | {"margin": 0.1, "direction": "equal"}):
            (verdict,) = verdicts(losses(ratio), losses(1.0), claim)
            words.append(finding(verdict, "circles") + conclusion(verdict))
    assert not re.search(r"prove|significant", " ".join(words))
