"""What holds for every optimizer; a new member is covered with no edit."""

import pytest
import torch

from normlab.components.optimizers import DecayingOptimizer, ElementwiseOptimizer, Optimizer
from normlab.core.choice import member, members
from normlab.core.fields import describe

KINDS = list(members(Optimizer))
DECAYING = [kind for kind in KINDS if issubclass(members(Optimizer)[kind], DecayingOptimizer)]
ELEMENTWISE = [kind for kind in KINDS if issubclass(members(Optimizer)[kind], ElementwiseOptimizer)]


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
        settings = member(Optimizer, kind, **settings)
        self.optimizer, self.needs_closure = settings.build(groups), settings.needs_closure

    def loss(self):
        return sum((p - g).square().sum() for p, g in zip(self.parameters, self.goal, strict=True))

    def closure(self):
        for parameter in self.parameters:
            parameter.grad = None
        loss = self.loss()
        loss.backward()
        return loss

    def train(self, num_steps):
        for _ in range(num_steps):
            if self.needs_closure:
                self.optimizer.step(self.closure)
            else:
                self.closure()
                self.optimizer.step()
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


@pytest.mark.parametrize("kind", ELEMENTWISE)
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_a_step_leaves_the_gradients_as_they_are_and_is_not_recorded(kind, weight_decay):
    weights = torch.ones(3, requires_grad=True)
    optimizer = member(Optimizer, kind).build([{"params": [weights], "weight_decay": weight_decay}])
    weights.grad = torch.tensor([1.0, -2.0, 0.0])
    optimizer.step()
    assert weights.grad.tolist() == [1.0, -2.0, 0.0]
    assert weights.grad_fn is None
    assert weights.is_leaf


@pytest.mark.parametrize("kind", ELEMENTWISE)
def test_a_number_is_moved_alike_wherever_it_stands(kind):
    """In one row with all others, or in a tensor of its own shape."""
    draw = torch.Generator().manual_seed(0)
    values, grads = (torch.randn(48, generator=draw, dtype=torch.float64) for _ in range(2))
    apart = [values[:32].reshape(4, 8).clone(), values[32:].clone()]
    row = values.clone()
    for parameters in (apart, [row]):
        optimizer = member(Optimizer, kind).build([{"params": parameters, "weight_decay": 0.1}])
        for step in range(1, 4):
            for parameter, part in zip(parameters, grads.split([p.numel() for p in parameters]), strict=True):
                parameter.grad = part.view_as(parameter) * step
            optimizer.step()
    assert torch.allclose(torch.cat([part.flatten() for part in apart]), row, rtol=1e-14, atol=0)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"num_steps": -1}, {"num_steps": True}, {"num_steps": 2.0}, {"num_steps": 10**20}, {"num_steps": "x"},
        {"state": {}}, {"state": {1: {}}}, {"state": {0: {"mean": 1.0}}}, {"state": {0: {}, 1: {}}}, {"state": None},
    ],
)  # fmt: skip
def test_what_is_no_state_is_not_taken_up(spoilt):
    optimizer = member(Optimizer, "adam").build([{"params": [torch.ones(3)], "weight_decay": 0.0}])
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        optimizer.load_state_dict(optimizer.state_dict() | spoilt)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if "eps" in describe(members(Optimizer)[kind])])
def test_the_least_eps_serves_gradients_of_zero(kind):
    parameter = torch.ones(3, requires_grad=True)
    least = describe(members(Optimizer)[kind])["eps"].minimum
    optimizer = member(Optimizer, kind, eps=least).build([{"params": [parameter], "weight_decay": 0.0}])
    parameter.grad = torch.zeros(3)
    optimizer.step()
    assert parameter.tolist() == [1.0] * 3
