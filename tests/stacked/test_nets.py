"""Whole nets, stacked, against autograd on their modules, in float64."""

import pytest
import torch
from stacked.cases import LOSSES, alone, close, draw, prepare, target

from normlab.components.activations import Activation
from normlab.components.dropouts import Dropout
from normlab.components.models import Model
from normlab.components.norms import Norm
from normlab.core.choice import member
from normlab.stacked.net import Stack, shape_of

NETS = {
    "mlp": ("mlp", {"hidden": (6, 4)}, "batch", "dropout"),
    "mlp_of_images": ("mlp", {"hidden": (8,), "head_norm": True}, "layer", "none"),
    "norm_after": ("mlp", {"hidden": (6, 6), "norm_placement": "after_activation"}, "rms", "alpha"),
    "plain": ("plain", {"depth": 5, "width": 8}, "group", "none"),
    "residual_pre": ("residual_mlp", {"depth": 2, "width": 6}, "layer", "drop_path"),
    "residual_post": (
        "residual_mlp",
        {"depth": 2, "width": 6, "norm_placement": "post"},
        "batch",
        "drop_path",
    ),
    "residual_dropout": ("residual_mlp", {"depth": 1, "width": 6, "expansion": 2}, "ghost_batch", "dropout"),
    "residual_dyt": ("residual_mlp", {"depth": 2, "width": 6}, "dyt", "none"),
}

# Products of matrices round otherwise at other places in memory, and deep nets with norms enlarge that.
TOLERANCE = 1e-10


def build(name, loss, seed, activation="gelu"):
    kind, settings, norm, dropout = NETS[name]
    norm = member(Norm, norm, **({"groups": 2} if norm == "group" else {}))
    parts = {"norm": norm, "dropout": member(Dropout, dropout), "activation": member(Activation, activation)}
    inputs = (1, 2, 3) if name == "mlp_of_images" else (5,)
    module = member(Model, kind, **settings, **parts).build(inputs, LOSSES[loss][1]).double()
    prepare(module, seed)
    return module, inputs


@pytest.mark.parametrize("loss", ["cross_entropy", "bce", "mse"])
@pytest.mark.parametrize("name", NETS)
def test_nets_train_as_their_modules_do(name, loss):
    criterion, outputs = LOSSES[loss]
    built = [build(name, loss, seed) for seed in range(3)]
    modules = [module for module, _ in built]
    inputs = built[0][1]
    assert len({shape_of(module, criterion) for module in modules}) == 1
    references = [alone(module) for module in modules]
    stack = Stack(modules, [criterion] * 3)
    for step, num_samples in enumerate((8, 8, 5, 8)):
        xs = [draw((num_samples, *inputs), 10 * step + k) for k in range(3)]
        ys = [target(num_samples, outputs, 10 * step + k, criterion) for k in range(3)]
        with torch.no_grad():
            answers = stack.gradient(xs, ys)
        for k, (module, reference) in enumerate(zip(modules, references, strict=True)):
            reference.zero_grad()
            answer = reference.train()(xs[k])
            criterion(answer, ys[k]).backward()
            assert close(answers[k], answer, TOLERANCE)
            with torch.no_grad():
                for ours, theirs in zip(module.parameters(), reference.parameters(), strict=True):
                    assert close(ours.grad, theirs.grad, TOLERANCE)
                    ours -= 0.05 * ours.grad
                    theirs -= 0.05 * theirs.grad
    xs = [draw((4, *inputs), k) for k in range(3)]
    with torch.no_grad():
        answers = stack.outputs(xs)
        for k, reference in enumerate(references):
            assert close(answers[k], reference.eval()(xs[k]), TOLERANCE)


def test_nets_of_other_settings_have_another_shape():
    criterion = LOSSES["cross_entropy"][0]
    module, _ = build("residual_pre", "cross_entropy", 0)
    other, _ = build("residual_pre", "cross_entropy", 0, activation="relu")
    assert shape_of(module, criterion) != shape_of(other, criterion)
