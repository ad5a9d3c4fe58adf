"""Images of a CNN, whose channels lie side by side in memory where that is quicker."""

import pytest
import torch
from torch import nn

from normlab.components.models import Model
from normlab.components.norms import Norm
from normlab.core.choice import member, members
from normlab.engine.module import build_module, put_channels_last

CPU = torch.device("cpu")


def in_both_orders(model, shape=(3, 8, 8)):
    """Build a model twice, the second with its channels last; in float64."""
    modules = [build_module(model, shape, 4, seed=0, device=CPU).double() for _ in range(2)]
    put_channels_last(modules[1], model, CPU)
    return modules


def cnn(norm, **settings):
    return member(Model, "cnn", norm=norm, channels=(8, 16), **settings)


NORMS = [member(Norm, kind) for kind in members(Norm)]
NORMS += [member(Norm, kind, over="channels") for kind in ("layer", "rms")]


@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: f"{norm.kind} {getattr(norm, 'over', '')}")
@pytest.mark.parametrize("pool", ["max", "average", "none"])
def test_outputs_and_gradients_are_the_same_in_both_orders(norm, pool):
    plain, last = in_both_orders(cnn(norm, pool=pool))
    x = torch.randn(6, 3, 8, 8, dtype=torch.float64)
    for module in (plain, last):
        module(x).square().sum().backward()
    for ours, theirs in zip(last.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-9, atol=1e-9)
        assert ours.stride() == theirs.stride(), "weights stay in torch's order"
    for module in (plain, last):
        module.eval()
    torch.testing.assert_close(last(x), plain(x), rtol=1e-9, atol=1e-9)


def orders_of_maps(module, channels):
    """Tell of each convolution whether its outputs have their channels last."""
    seen = []
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(
                lambda _, __, y: seen.append(y.stride(1) == 1 and not y.is_contiguous())
            )
    module(torch.randn(4, channels, 8, 8))
    return set(seen)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: f"{norm.kind} {getattr(norm, 'over', '')}")
def test_maps_have_their_channels_last_where_the_norm_takes_it(norm, channels):
    model = cnn(norm)
    module = build_module(model, (channels, 8, 8), 4, seed=0, device=CPU)
    put_channels_last(module, model, CPU)
    assert orders_of_maps(module, channels) == {norm.takes_channels_last}


def test_elsewhere_and_without_convolutions_nothing_changes():
    mlp = member(Model, "mlp")
    module = build_module(mlp, (1, 8, 8), 4, seed=0, device=CPU)
    put_channels_last(module, mlp, CPU)
    assert not module._forward_pre_hooks
    module = build_module(member(Model, "cnn"), (1, 8, 8), 4, seed=0, device=CPU)
    put_channels_last(module, member(Model, "cnn"), torch.device("cuda"))
    assert not module._forward_pre_hooks
