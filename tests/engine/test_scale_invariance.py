"""With a norm behind every layer the size of weights is the learning rate's other half (van Laarhoven 2017)."""

import pytest
from support.runs import events_of, measured

# Norms without weights and biases of their own: they would not be scaled along.
NORMED = {
    "model.norm.kind": "batch",
    "model.norm.affine": False,
    "model.bias": False,
    "model.head_norm": True,
    "model.init.kind": "normal",
    "model.init.std": 0.5,
    "optimizer.kind": "sgd",
    "optimizer.lr": 0.5,
    "optimizer.weight_decay": 0.01,
}
# Powers of two, that no digit is rounded: weights * 8, rate * 64, decay / 64; eps is added to a variance.
SCALED = {"model.init.std": 4.0, "optimizer.lr": 32.0, "optimizer.weight_decay": 0.01 / 64}
EPS = {"model.norm.eps": 64e-5}


def losses(*settings):
    merged = {}
    for each in settings:
        merged |= each
    # Not those of validation: running statistics begin at 1, whatever the weights, and forget it slowly.
    return [event.metrics["train_loss"] for event in measured(events_of(merged))]


def test_weights_of_another_size_with_the_rate_to_its_square_learn_the_same():
    assert losses(NORMED, SCALED, EPS) == losses(NORMED)


@pytest.mark.parametrize("left_out", SCALED)
def test_any_of_the_three_alone_makes_a_difference(left_out):
    rest = {path: value for path, value in SCALED.items() if path != left_out}
    assert losses(NORMED, rest, EPS) != pytest.approx(losses(NORMED), rel=1e-3)


def test_without_the_norm_behind_the_head_they_do_not():
    open_head = {"model.head_norm": False}
    assert losses(NORMED, open_head, SCALED, EPS) != pytest.approx(losses(NORMED, open_head), rel=0.1)
