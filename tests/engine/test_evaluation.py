import math

import pytest
import torch

from normlab.components.losses import Loss
from normlab.core.choice import member
from normlab.engine.evaluation import Tally, chunks


@pytest.mark.parametrize("sizes", [[7], [4, 4, 1], [3] * 600])
@pytest.mark.parametrize("kind", ["cross_entropy", "mse"])
def test_a_tally_is_the_mean_over_samples_whatever_the_batches(kind, sizes):
    torch.manual_seed(0)
    loss = member(Loss, kind)
    tally, criterion = Tally(loss), loss.build()
    output = torch.randn(sum(sizes), 3 if kind == "cross_entropy" else 1)
    target = torch.randint(3, (sum(sizes),)) if kind == "cross_entropy" else torch.randn(sum(sizes), 1)
    for some, wanted in zip(output.split(sizes), target.split(sizes), strict=True):
        tally.add(criterion(some, wanted), some, wanted)
    taken = tally.take("val")
    assert taken["val_loss"] == pytest.approx(float(criterion(output, target)), rel=1e-5)
    score = loss.measure(output, target).double().mean().item()
    expected = score if kind == "cross_entropy" else math.sqrt(score)
    assert taken[f"val_{loss.score_name}"] == pytest.approx(expected, rel=1e-5)


def test_a_tally_begins_anew_when_it_is_taken():
    tally = Tally(member(Loss, "mse"))
    for value in (1.0, 3.0):
        tally.add(torch.tensor(value), torch.zeros(2, 1), torch.ones(2, 1))
        assert tally.take("train") == {"train_loss": value, "train_rmse": 1.0}


def test_a_loss_that_is_nan_has_no_accuracy():
    tally = Tally(member(Loss, "cross_entropy"))
    tally.add(torch.tensor(math.nan), torch.full((2, 3), math.nan), torch.zeros(2, dtype=torch.long))
    assert all(math.isnan(value) for value in tally.take("val").values())


def test_evaluation_batches_are_even_and_never_one_sample_beside_many():
    x = torch.zeros(1025, 1)
    parts = [len(y) for _, y in chunks(x, x, widest=2**24 // 512)]
    assert sum(parts) == 1025
    assert max(parts) - min(parts) <= 1
    assert len(chunks(x, x, widest=1)) == 1
