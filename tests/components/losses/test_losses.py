import math

import pytest
import torch
from torch.nn import functional

from normlab.components.datasets import Outline
from normlab.components.losses import Loss
from normlab.core.choice import member, members

KINDS = list(members(Loss))
TWO = Outline(shape=(2,), task="classification", num_classes=2, num_samples=100)
TEN = Outline(shape=(1, 8, 8), task="classification", num_classes=10, num_samples=100)
LINE = Outline(shape=(1,), task="regression", num_classes=0, num_samples=10)


def draw_batch(loss, data, num_samples=12):
    draw = torch.Generator().manual_seed(0)
    output = torch.randn(num_samples, loss.num_outputs(data), generator=draw)
    if data.task == "regression":
        return output, torch.randn(num_samples, 1, generator=draw)
    return output, torch.randint(data.num_classes, (num_samples,), generator=draw)


def serving(kind):
    return next(data for data in (TEN, TWO, LINE) if member(Loss, kind).serves(data))


@pytest.mark.parametrize("kind", KINDS)
def test_every_loss_is_a_finite_scalar_with_a_gradient_for_each_output(kind):
    loss = member(Loss, kind)
    output, target = draw_batch(loss, serving(kind))
    value = loss.build()(output.requires_grad_(), target)
    value.backward()
    assert value.shape == ()
    assert value.isfinite()
    assert (output.grad != 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_every_loss_is_the_mean_over_samples(kind):
    loss = member(Loss, kind)
    output, target = draw_batch(loss, serving(kind))
    module = loss.build()
    alone = [module(output[i : i + 1], target[i : i + 1]) for i in range(len(output))]
    torch.testing.assert_close(module(output, target), torch.stack(alone).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_every_sample_is_measured_by_itself(kind):
    loss = member(Loss, kind)
    output, target = draw_batch(loss, serving(kind))
    alone = [loss.measure(output[i : i + 1], target[i : i + 1]) for i in range(len(output))]
    assert torch.equal(loss.measure(output, target), torch.cat(alone))


@pytest.mark.parametrize("kind", KINDS)
def test_every_loss_serves_half_precision(kind):
    loss = member(Loss, kind)
    output, target = draw_batch(loss, serving(kind))
    with torch.autocast("cpu", torch.bfloat16):
        half = loss.build()(output.bfloat16(), target)
    torch.testing.assert_close(half.float(), loss.build()(output, target), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_that_are_not_finite_are_measured_all_the_same(kind, bad):
    loss = member(Loss, kind)
    output, target = draw_batch(loss, serving(kind))
    assert loss.measure(torch.full_like(output, bad), target).shape == (len(output),)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [TWO, TEN, LINE])
def test_the_remedy_for_the_wrong_data_is_a_loss_that_serves_it(kind, data):
    found = list(member(Loss, kind).problems(data, "loss"))
    assert bool(found) != member(Loss, kind).serves(data)
    for problem in found:
        assert problem.path == "loss.kind"
        kinds = problem.remedy.removeprefix("use loss.kind = ").split(" or ")
        assert all(not list(member(Loss, other).problems(data, "loss")) for other in kinds)


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        ("bce", TEN, "loss.kind: bce: is not for targets of 10 classes; use loss.kind = cross_entropy"),
        (
            "cross_entropy",
            LINE,
            "loss.kind: cross_entropy: is not for targets of values; use loss.kind = mse",
        ),
        ("mse", TEN, "loss.kind: mse: is not for targets of 10 classes; use loss.kind = cross_entropy"),
    ],
)
def test_wrong_data_is_told_in_one_line(kind, data, line):
    assert [str(problem) for problem in member(Loss, kind).problems(data, "loss")] == [line]


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_cross_entropy_is_its_formula(smoothing):
    loss = member(Loss, "cross_entropy", label_smoothing=smoothing)
    output, target = draw_batch(loss, TEN)
    wanted = (1 - smoothing) * functional.one_hot(target, 10) + smoothing / 10
    expected = -(wanted * output.log_softmax(1)).sum(1).mean()
    torch.testing.assert_close(loss.build()(output, target), expected)


def test_bce_is_cross_entropy_with_the_other_logit_at_0():
    output, target = draw_batch(member(Loss, "bce"), TWO)
    both = torch.cat([torch.zeros_like(output), output], dim=1)
    expected = functional.cross_entropy(both, target)
    torch.testing.assert_close(member(Loss, "bce").build()(output, target), expected)


def test_accuracy_is_the_share_of_samples_that_are_right():
    logits = torch.tensor([[2.0], [-1.0], [0.0], [3.0]])
    right = member(Loss, "bce").measure(logits, torch.tensor([1, 1, 0, 0]))
    assert right.tolist() == [True, False, True, False]
    assert member(Loss, "bce").score(0.5) == 0.5
    outputs = torch.tensor([[1.0, 2.0, 0.0], [5.0, 4.0, 3.0], [0.0, 0.0, 1.0]])
    right = member(Loss, "cross_entropy").measure(outputs, torch.tensor([1, 0, 0]))
    assert right.tolist() == [True, True, False]


def test_mse_scores_its_root_in_the_targets_unit():
    output, target = torch.tensor([[1.0], [2.0]]), torch.tensor([[4.0], [6.0]])
    assert member(Loss, "mse").build()(output, target) == 12.5
    assert member(Loss, "mse").measure(output, target).tolist() == [9.0, 16.0]
    assert member(Loss, "mse").score(12.5) == 12.5**0.5


def test_a_model_gets_an_output_per_class_or_a_single_one():
    assert member(Loss, "cross_entropy").num_outputs(TEN) == 10
    assert member(Loss, "bce").num_outputs(TWO) == member(Loss, "mse").num_outputs(LINE) == 1
