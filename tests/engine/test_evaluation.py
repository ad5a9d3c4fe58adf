import math

import pytest
import torch

from normlab.components.losses import Loss
from normlab.core.choice import member
from normlab.engine.evaluation import Tally, calibration_gaps, chunks


@pytest.mark.parametrize("sizes", [[7], [4, 4, 1], [3] * 600])
@pytest.mark.parametrize("kind", ["cross_entropy", "mse"])
def test_a_tally_is_the_mean_over_samples_whatever_the_batches(kind, sizes):
    torch.manual_seed(0)
    loss = member(Loss, kind)
    tally, criterion = Tally(loss), loss.build()
    output = torch.randn(sum(sizes), 3 if kind == "cross_entropy" else 1)
    target = torch.randint(3, (sum(sizes),)) if kind == "cross_entropy" else torch.randn(sum(sizes), 1)
    for some, wanted in zip(output.split(sizes), target.split(sizes), strict=True):
        tally.add(some, wanted)
    taken = tally.take("val")
    assert taken["val_loss"] == pytest.approx(float(criterion(output, target)), rel=1e-5)
    score = loss.measure(output, target).double().mean().item()
    expected = score if kind == "cross_entropy" else math.sqrt(score)
    assert taken[f"val_{loss.score_name}"] == pytest.approx(expected, rel=1e-5)


def test_a_tally_begins_anew_when_it_is_taken():
    tally = Tally(member(Loss, "mse"))
    for value in (1.0, 3.0):
        tally.add(torch.zeros(2, 1), torch.full((2, 1), value))
        assert tally.take("train") == {"train_loss": value**2, "train_rmse": value}


def test_a_loss_that_is_nan_has_no_accuracy():
    tally = Tally(member(Loss, "cross_entropy"))
    tally.add(torch.full((2, 3), math.nan), torch.zeros(2, dtype=torch.long))
    assert all(math.isnan(value) for value in tally.take("val").values())


def test_evaluation_batches_are_even_and_never_one_sample_beside_many():
    x = torch.zeros(1025, 1)
    parts = [len(y) for _, y in chunks(x, x, widest=2**24 // 512)]
    assert sum(parts) == 1025
    assert max(parts) - min(parts) <= 1
    assert len(chunks(x, x, widest=1)) == 1
    assert [len(y) for _, y in chunks(x[:9], x[:9], 1, at_least=4)] == [3, 2, 2, 2]


def ece_by_hand(confidence, right):
    """Guo et al. 2017, equation 3, with bins open below and closed above."""
    found = 0.0
    for b in range(15):
        inside = (confidence > b / 15) & (confidence <= (b + 1) / 15)
        if inside.any():
            gap = confidence[inside].mean() - right[inside].double().mean()
            found += float(gap.abs() * inside.double().mean())
    return found


@pytest.mark.parametrize("sizes", [[700], [4, 4, 1], [3] * 600])
@pytest.mark.parametrize("kind", ["cross_entropy", "bce"])
def test_the_calibration_error_is_that_of_all_samples_whatever_the_batches(kind, sizes):
    torch.manual_seed(0)
    loss = member(Loss, kind)
    tally = Tally(loss, calibration=True)
    output = 3 * torch.randn(sum(sizes), 3 if kind == "cross_entropy" else 1)
    target = torch.randint(2, (sum(sizes),))
    for some, wanted in zip(output.split(sizes), target.split(sizes), strict=True):
        tally.add(some, wanted)
    taken = tally.take("val")
    one = output[:, 0].double().sigmoid()
    told = output.double().softmax(1).amax(1) if kind == "cross_entropy" else torch.maximum(one, 1 - one)
    assert taken["val_ece"] == pytest.approx(ece_by_hand(told, loss.measure(output, target)), abs=1e-5)
    assert list(taken) == ["val_loss", "val_accuracy", "val_ece"]


def test_calibration_is_perfect_where_confidence_is_the_share_that_is_right():
    right = torch.tensor([True, True, True, False])
    assert float(calibration_gaps(torch.full((4,), 0.75), right).abs().sum()) == 0
    sure = calibration_gaps(torch.tensor([1.0, 1.0, 0.0, 1 / 15]), right)
    assert sure.tolist() == pytest.approx([1 / 15 - 1, *[0.0] * 13, 0.0])


def test_a_loss_that_is_nan_has_no_calibration_error():
    tally = Tally(member(Loss, "cross_entropy"), calibration=True)
    tally.add(torch.full((2, 3), math.nan), torch.zeros(2, dtype=torch.long))
    assert math.isnan(tally.take("val")["val_ece"])
