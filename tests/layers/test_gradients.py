"""Hand-written layers against numerical derivatives, in float64."""

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck
from torch.func import functional_call

from normlab.layers.channels_last import ChannelsLast
from normlab.layers.dropout import AlphaDropout, Dropout, Dropout2d, DropPath
from normlab.layers.dyt import DyT
from normlab.layers.ghost_batch_norm import GhostBatchNorm
from normlab.layers.rms_norm import RMSNorm
from normlab.layers.standardization import Standardization

LAYERS = [
    (DyT(3, 0.5), (4, 3)),
    (DyT(3, 0.5), (2, 3, 2, 2)),
    (GhostBatchNorm(nn.BatchNorm1d(2, track_running_stats=False), 3), (7, 2)),
    (GhostBatchNorm(nn.BatchNorm2d(2, track_running_stats=False), 2), (4, 2, 1, 2)),
    (ChannelsLast(nn.LayerNorm(3)), (2, 3, 2, 1)),
    (RMSNorm([3]), (2, 3)),
    (ChannelsLast(RMSNorm([3], elementwise_affine=False)), (2, 3, 2, 1)),
    (Standardization(1e-10), (3, 4)),
    (Standardization(1e-10), (2, 2, 2, 2)),
]


def draw(shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda value: type(value).__name__)
def test_gradients_are_those_of_the_formula(layer, shape):
    layer = layer.double()
    names = [name for name, _ in layer.named_parameters()]
    parameters = [(p + draw(p.shape)).detach().requires_grad_() for p in layer.parameters()]

    def call(x, *parameters):
        return functional_call(layer, dict(zip(names, parameters, strict=True)), (x,))

    assert gradcheck(call, (draw(shape).requires_grad_(), *parameters))


@pytest.mark.parametrize("layer", [Dropout, Dropout2d, DropPath, AlphaDropout])
@pytest.mark.parametrize("p", [0.3, 1.0])
def test_gradients_of_dropouts_are_those_of_their_mask(layer, p):
    layer = layer(p)

    def call(x):
        layer.generator = torch.Generator().manual_seed(5)
        return layer(x)

    assert gradcheck(call, draw((4, 3, 2, 1)).requires_grad_())
