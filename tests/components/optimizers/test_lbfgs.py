import torch

from normlab.components.optimizers import Optimizer
from normlab.core.choice import member, members


def test_only_lbfgs_needs_a_closure():
    assert [kind for kind, part in members(Optimizer).items() if part.needs_closure] == ["lbfgs"]


def test_lbfgs_evaluates_the_loss_several_times_a_step_and_solves_least_squares():
    draw = torch.Generator().manual_seed(0)
    x, y = torch.randn(20, 3, generator=draw).double(), torch.randn(20, generator=draw).double()
    weight = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = member(Optimizer, "lbfgs").build([{"params": [weight], "weight_decay": 0.0}])
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        loss = (x @ weight - y).square().mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert calls > 1
    torch.testing.assert_close(weight.detach(), torch.linalg.lstsq(x, y).solution, rtol=0, atol=1e-4)
