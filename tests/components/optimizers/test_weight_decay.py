import pytest
import torch

from normlab.components.optimizers import Optimizer
from normlab.core.choice import member


def step_once(kind, gradient, weight_decay, **settings):
    weight = torch.tensor([[3.0, -1.0], [0.5, 2.0]], dtype=torch.float64, requires_grad=True)
    before = weight.detach().clone()
    optimizer = member(Optimizer, kind, **settings).build(
        [{"params": [weight], "weight_decay": weight_decay}]
    )
    weight.grad = torch.full_like(weight, gradient)
    optimizer.step()
    return before, weight.detach()


@pytest.mark.parametrize("kind", ["adamw", "muon", "adafactor"])
def test_decoupled_decay_shrinks_each_weight_by_the_same_share(kind):
    before, after = step_once(kind, 0.0, 0.3, lr=0.1)
    torch.testing.assert_close(after, before * (1 - 0.1 * 0.3), rtol=1e-12, atol=0)


def test_decoupled_decay_leaves_adams_step_as_it_was():
    before, bare = step_once("adamw", 0.7, 0.0, lr=0.1)
    _, decayed = step_once("adamw", 0.7, 0.3, lr=0.1)
    torch.testing.assert_close(bare - decayed, before * 0.1 * 0.3, rtol=1e-12, atol=1e-14)


def test_l2_decay_of_sgd_is_the_decoupled_one():
    before, after = step_once("sgd", 0.7, 0.3, lr=0.1)
    torch.testing.assert_close(after, before * (1 - 0.1 * 0.3) - 0.1 * 0.7, rtol=1e-12, atol=0)


def test_l2_decay_passes_through_adams_division():
    before, after = step_once("adam", 0.0, 0.3, lr=0.1)
    # The first step of Adam is lr times the gradient's sign, here that of the penalty: all shrink alike.
    torch.testing.assert_close(after, before - 0.1 * before.sign(), rtol=1e-6, atol=0)
