import torch

from normlab.components.optimizers import Optimizer
from normlab.core.choice import member


def build(shapes, **settings):
    parameters = [torch.zeros(shape, requires_grad=True) for shape in shapes]
    groups = [
        {"params": parameters[:3], "weight_decay": 0.01},
        {"params": parameters[3:], "weight_decay": 0.0},
    ]
    return parameters, member(Optimizer, "muon", **settings).build(groups)


def test_muon_takes_matrices_and_leaves_the_rest_to_adamw():
    parameters, optimizer = build([(5, 4), (1, 4), (4, 1), (6, 3, 2, 2), (5,)], lr=0.02, adamw_lr=1e-3)
    owned = [(g["lr"], g["weight_decay"], [id(p) for p in g["params"]]) for g in optimizer.param_groups]
    matrix, row, column, kernel, bias = map(id, parameters)
    assert owned == [(0.02, 0.01, [matrix]), (1e-3, 0.01, [row, column]), (1e-3, 0.0, [kernel, bias])]


def test_muon_is_one_torch_optimizer():
    parameters, optimizer = build([(5, 4), (3, 3), (2, 6), (5,)])
    assert isinstance(optimizer, torch.optim.Optimizer)
    for p in parameters:
        p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(0))
    optimizer.step()
    assert len(optimizer.state_dict()["state"]) == 4
    optimizer.zero_grad()
    assert all(p.grad is None for p in parameters)


def test_muon_serves_a_model_without_matrices_and_one_of_nothing_else():
    for shapes in [(5,), (6, 3, 2, 2)], [(5, 4), (3, 3)]:
        parameters, optimizer = build(shapes)
        for p in parameters:
            p.grad = torch.ones(p.shape)
        optimizer.step()
        assert all((p != 0).all() for p in parameters)


def test_a_step_of_muon_is_near_orthogonal():
    (weight, *_), optimizer = build([(8, 4), (2, 2), (2, 2)], lr=1.0, weight_decay=0.0)
    for p in optimizer.param_groups[0]["params"]:
        p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(0))
    optimizer.step()
    # sqrt(8 / 4) is the scale of this shape; the iteration brings singular values to about 0.7 to 1.2.
    sizes = torch.linalg.svdvals(weight.detach()) / 2**0.5
    assert (sizes > 0.5).all()
    assert (sizes < 1.5).all()
