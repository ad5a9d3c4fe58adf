"""Each optimizer against torch's own, whose settings are written out by hand here."""

import math

import pytest
import torch
from torch import optim

from normlab.components.optimizers import DecayingOptimizer, Optimizer
from normlab.core.choice import member, members

PLAIN = {"foreach": False, "fused": False}
ADAM = {"betas": (0.8, 0.95), "eps": 1e-6}
OURS = {"beta1": 0.8, "beta2": 0.95, "eps": 1e-6}

CASES = [
    ("sgd", {}, lambda g: optim.SGD(g, lr=0.1, **PLAIN)),
    ("sgd", {"lr": 0.02, "momentum": 0.9}, lambda g: optim.SGD(g, lr=0.02, momentum=0.9, **PLAIN)),
    (
        "sgd",
        {"lr": 0.02, "momentum": 0.8, "nesterov": True},
        lambda g: optim.SGD(g, lr=0.02, momentum=0.8, nesterov=True, **PLAIN),
    ),
    ("adam", {}, lambda g: optim.Adam(g, **PLAIN)),
    ("adam", {"lr": 0.01, **OURS}, lambda g: optim.Adam(g, lr=0.01, **ADAM, **PLAIN)),
    ("adamw", {}, lambda g: optim.AdamW(g, **PLAIN)),
    ("adamw", {"lr": 0.01, **OURS}, lambda g: optim.AdamW(g, lr=0.01, **ADAM, **PLAIN)),
    ("nadam", {}, optim.NAdam),
    (
        "nadam",
        {"lr": 0.01, "momentum_decay": 0.1, **OURS},
        lambda g: optim.NAdam(g, lr=0.01, momentum_decay=0.1, **ADAM),
    ),
    ("radam", {}, optim.RAdam),
    ("radam", {"lr": 0.01, **OURS}, lambda g: optim.RAdam(g, lr=0.01, **ADAM)),
    ("adamax", {}, optim.Adamax),
    ("adamax", {"lr": 0.01, **OURS}, lambda g: optim.Adamax(g, lr=0.01, **ADAM)),
    ("rmsprop", {}, optim.RMSprop),
    (
        "rmsprop",
        {"lr": 0.005, "alpha": 0.9, "eps": 1e-5, "momentum": 0.7, "centered": True},
        lambda g: optim.RMSprop(g, lr=0.005, alpha=0.9, eps=1e-5, momentum=0.7, centered=True),
    ),
    ("rmsprop", {"momentum": 0.9}, lambda g: optim.RMSprop(g, momentum=0.9)),
    ("rmsprop", {"centered": True}, lambda g: optim.RMSprop(g, centered=True)),
    ("adagrad", {}, lambda g: optim.Adagrad(g, **PLAIN)),
    (
        "adagrad",
        {"lr": 0.1, "lr_decay": 0.05, "initial_sum": 0.3, "eps": 1e-6},
        lambda g: optim.Adagrad(g, lr=0.1, lr_decay=0.05, initial_accumulator_value=0.3, eps=1e-6, **PLAIN),
    ),
    ("adadelta", {}, optim.Adadelta),
    (
        "adadelta",
        {"lr": 0.5, "rho": 0.8, "eps": 1e-4},
        lambda g: optim.Adadelta(g, lr=0.5, rho=0.8, eps=1e-4),
    ),
    ("adafactor", {}, optim.Adafactor),
    (
        "adafactor",
        {"lr": 0.2, "beta2_decay": -0.6, "scale_floor": 0.01, "clip": 1.5},
        lambda g: optim.Adafactor(g, lr=0.2, beta2_decay=-0.6, eps=(None, 0.01), d=1.5),
    ),
    ("rprop", {}, optim.Rprop),
    (
        "rprop",
        {"lr": 0.1, "shrink": 0.3, "grow": 1.5, "smallest": 0.05, "largest": 0.12},
        lambda g: optim.Rprop(g, lr=0.1, etas=(0.3, 1.5), step_sizes=(0.05, 0.12)),
    ),
    ("lbfgs", {"line_search": "none"}, lambda g: optim.LBFGS([*g[0]["params"], *g[1]["params"]])),
    (
        "lbfgs",
        {"lr": 0.5, "max_iter": 2, "history_size": 3},
        lambda g: optim.LBFGS(
            [*g[0]["params"], *g[1]["params"]],
            lr=0.5,
            max_iter=2,
            history_size=3,
            line_search_fn="strong_wolfe",
        ),
    ),
    (
        "muon",
        {},
        lambda g: [optim.Muon(g[:1], lr=0.02, momentum=0.95), optim.AdamW(g[1:], lr=3e-4, **PLAIN)],
    ),
    (
        "muon",
        {
            "lr": 0.1,
            "momentum": 0.8,
            "nesterov": False,
            "iterations": 3,
            "scaling": "match_rms_adamw",
            "adamw_lr": 0.01,
        },
        lambda g: [
            optim.Muon(
                g[:1], lr=0.1, momentum=0.8, nesterov=False, ns_steps=3, adjust_lr_fn="match_rms_adamw"
            ),
            optim.AdamW(g[1:], lr=0.01, **PLAIN),
        ],
    ),
]


def test_every_optimizer_is_compared():
    assert {kind for kind, _, _ in CASES} == set(members(Optimizer))


@pytest.fixture(autouse=True)
def _doubles():
    """torch keeps some numbers of an optimizer in the default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def curve(make, decay):
    """Fifty steps on a small least-squares fit, at changing rates, and with weight decay on the matrix only:
    the parameters passed."""
    draw = torch.Generator().manual_seed(0)
    x, y, weight = (torch.randn(shape, generator=draw) for shape in [(8, 3), (8, 4), (4, 3)])
    weight.requires_grad_()
    bias = torch.zeros(4, requires_grad=True)
    made = make([{"params": [weight], "weight_decay": decay}, {"params": [bias], "weight_decay": 0.0}])
    optimizers = made if isinstance(made, list) else [made]
    rates = [(group, group["lr"]) for optimizer in optimizers for group in optimizer.param_groups]

    def closure():
        weight.grad = bias.grad = None
        loss = (x @ weight.T + bias - y).square().mean()
        loss.backward()
        return loss

    points = []
    for step in range(51):
        points.append(torch.cat([weight.detach().flatten(), bias.detach()]))
        for group, rate in rates:
            group["lr"] = rate * (1 + 0.5 * math.sin(step))
        if isinstance(optimizers[0], optim.LBFGS):
            optimizers[0].step(closure)
        else:
            closure()
            for optimizer in optimizers:
                optimizer.step()
    return torch.stack(points)


@pytest.mark.parametrize(("kind", "settings", "theirs"), CASES)
def test_every_optimizer_follows_torchs_curve(kind, settings, theirs):
    optimizer = member(Optimizer, kind, **settings)
    decay = 0.05 if isinstance(optimizer, DecayingOptimizer) else 0.0
    ours = curve(optimizer.build, decay)
    torch.testing.assert_close(ours, curve(theirs, decay), rtol=1e-12, atol=1e-14)
    assert (ours[0] != ours[1]).all()
