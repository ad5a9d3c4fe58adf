"""What holds for every optimizer; a new member is covered with no edit."""

import pytest
import torch

from normlab.components.optimizers import DecayingOptimizer, Optimizer, fused
from normlab.core.choice import member, members
from normlab.core.fields import describe

KINDS = list(members(Optimizer))
DECAYING = [kind for kind in KINDS if issubclass(members(Optimizer)[kind], DecayingOptimizer)]
FUSED = ["sgd", "adam", "adamw", "adagrad"]


def draw_parameters():
    """A matrix, a vector and a kernel, and the point that each should reach."""
    draw = torch.Generator().manual_seed(0)
    shapes = [(4, 3), (4,), (2, 1, 2, 2)]
    return [[torch.randn(shape, generator=draw) for shape in shapes] for _ in ("start", "goal")]


class Quadratic:
    """The sum of squared distances from a goal, trained by a kind of optimizer."""

    def __init__(self, kind, **settings):
        start, self.goal = draw_parameters()
        self.parameters = [p.requires_grad_() for p in start]
        groups = [
            {"params": self.parameters[:1], "weight_decay": 1e-3},
            {"params": self.parameters[1:], "weight_decay": 0.0},
        ]
        self.optimizer = member(Optimizer, kind, **settings).build(groups)

    def loss(self):
        return sum((p - g).square().sum() for p, g in zip(self.parameters, self.goal, strict=True))

    def closure(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        return loss

    def train(self, num_steps):
        for _ in range(num_steps):
            self.optimizer.step(self.closure)
        return self.loss().item()


@pytest.mark.parametrize("kind", KINDS)
def test_every_optimizer_lowers_a_quadratic_loss(kind):
    problem = Quadratic(kind)
    before = problem.loss().item()
    assert problem.train(20) < before


@pytest.mark.parametrize("kind", KINDS)
def test_resuming_from_a_saved_state_continues_the_same_curve(kind):
    whole, first, second = Quadratic(kind), Quadratic(kind), Quadratic(kind)
    whole.train(6)
    first.train(3)
    with torch.no_grad():
        for new, old in zip(second.parameters, first.parameters, strict=True):
            new.copy_(old)
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    second.train(3)
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters, second.parameters, strict=True))


# Rprop takes its rate as the first size of its steps, which have a least size.
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "rprop"])
def test_a_rate_of_zero_in_every_group_stands_still_after_resuming_too(kind):
    problem = Quadratic(kind)
    problem.train(1)
    problem.optimizer.load_state_dict(problem.optimizer.state_dict())
    before = [p.detach().clone() for p in problem.parameters]
    for group in problem.optimizer.param_groups:
        group["lr"] = 0.0
    problem.train(2)
    assert all(torch.equal(p, b) for p, b in zip(problem.parameters, before, strict=True))


@pytest.mark.parametrize("kind", DECAYING)
def test_weight_decay_acts_in_its_own_group_only(kind):
    decayed, spared = (torch.full((3, 3), 2.0, requires_grad=True) for _ in range(2))
    groups = [{"params": [decayed], "weight_decay": 0.1}, {"params": [spared], "weight_decay": 0.0}]
    optimizer = member(Optimizer, kind).build(groups)
    decayed.grad, spared.grad = torch.zeros(3, 3), torch.zeros(3, 3)
    optimizer.step()
    assert (decayed < 2).all()
    assert (spared == 2).all()


@pytest.mark.parametrize("kind", FUSED)
def test_torchs_fused_step_is_used_where_the_device_has_one(kind):
    here, nowhere = (torch.zeros(2, device=device, requires_grad=True) for device in ("cpu", "meta"))
    for parameter, wanted in (here, True), (nowhere, None):
        built = member(Optimizer, kind).build([{"params": [parameter], "weight_decay": 0.0}])
        assert built.param_groups[0]["fused"] is wanted


def test_adagrad_is_fused_on_the_cpu_only():
    class Elsewhere:
        device = torch.device("cuda")

        def is_floating_point(self):
            return True

    groups = [{"params": [Elsewhere()]}]
    assert fused(groups)
    assert fused(groups, "cpu") is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "eps" in describe(members(Optimizer)[kind])])
def test_the_least_eps_serves_gradients_of_zero(kind):
    parameter = torch.ones(3, requires_grad=True)
    least = describe(members(Optimizer)[kind])["eps"].minimum
    optimizer = member(Optimizer, kind, eps=least).build([{"params": [parameter], "weight_decay": 0.0}])
    parameter.grad = torch.zeros(3)
    optimizer.step()
    assert parameter.tolist() == [1.0] * 3
