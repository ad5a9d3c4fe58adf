"""Every layer and loss that has a stacked form, and nets of them with numbers of their own."""

from copy import deepcopy

import torch
from torch import nn

from normlab.layers.binary_cross_entropy import BinaryCrossEntropy
from normlab.layers.dropout import AlphaDropout, Dropout, DropPath
from normlab.layers.dyt import DyT
from normlab.layers.ghost_batch_norm import GhostBatchNorm
from normlab.layers.rms_norm import RMSNorm
from normlab.stacked.layer import apart
from normlab.stacked.net import stack_layers

NORMS = {
    "batch": nn.BatchNorm1d,
    "batch_plain": lambda width: nn.BatchNorm1d(width, affine=False),
    "batch_cumulative": lambda width: nn.BatchNorm1d(width, momentum=None),
    "batch_eager": lambda width: nn.BatchNorm1d(width, eps=1e-3, momentum=0.7),
    "ghost": lambda width: GhostBatchNorm(nn.BatchNorm1d(width), 4),
    "ghost_plain": lambda width: GhostBatchNorm(nn.BatchNorm1d(width, momentum=None, affine=False), 3),
    "layer": nn.LayerNorm,
    "layer_plain": lambda width: nn.LayerNorm(width, elementwise_affine=False),
    "layer_unbiased": lambda width: nn.LayerNorm(width, bias=False),
    "group": lambda width: nn.GroupNorm(width if width % 3 else width // 3, width, eps=1e-2),
    "group_of_one": lambda width: nn.GroupNorm(1, width),
    "group_plain": lambda width: nn.GroupNorm(1, width, affine=False),
    "rms": lambda width: RMSNorm(width, eps=1e-6),
    "rms_plain": lambda width: RMSNorm(width, eps=1e-2, elementwise_affine=False),
    "dyt": lambda width: DyT(width, 0.5),
}
ACTIVATIONS = {
    "relu": lambda _: nn.ReLU(),
    "leaky_relu": lambda _: nn.LeakyReLU(0.1),
    "leaky_relu_of_slope_0": lambda _: nn.LeakyReLU(0.0),
    "gelu": lambda _: nn.GELU(),
    "gelu_tanh": lambda _: nn.GELU(approximate="tanh"),
    "silu": lambda _: nn.SiLU(),
    "tanh": lambda _: nn.Tanh(),
    "sigmoid": lambda _: nn.Sigmoid(),
    "selu": lambda _: nn.SELU(),
}
DROPOUTS = {
    f"{kind.__name__}_{p}": lambda _, kind=kind, p=p: kind(p)
    for kind in (Dropout, AlphaDropout, DropPath)
    for p in (0.0, 0.3, 1.0)
}
LAYERS = NORMS | ACTIVATIONS | DROPOUTS
LOSSES = {
    "cross_entropy": (nn.CrossEntropyLoss(), 5),
    "cross_entropy_smoothed": (nn.CrossEntropyLoss(label_smoothing=0.2), 3),
    "bce": (BinaryCrossEntropy(), 1),
    "mse": (nn.MSELoss(), 1),
    "mse_of_two": (nn.MSELoss(), 2),
}


def draw(shape, seed, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def layer(make, width, seed, dtype=torch.float64):
    """Make a layer with parameters of its own, gradients to be filled, and a generator where it draws."""
    module = make(width).to(dtype)
    prepare(module, seed)
    return module


def prepare(module, seed):
    for index, parameter in enumerate(module.parameters()):
        parameter.data += 0.3 * draw(parameter.shape, 1000 * seed + index, parameter.dtype)
        parameter.grad = torch.full_like(parameter, torch.nan)  # must be written over, not added to
    for each in module.modules():
        if hasattr(each, "generator"):
            each.generator = torch.Generator().manual_seed(seed)


def alone(module):
    """Copy a module, to be trained by autograd."""
    copy = deepcopy(module)
    for parameter in copy.parameters():
        parameter.grad = None
    return copy


def stacked(modules):
    return stack_layers([nn.Sequential(module) for module in modules])[0]


def side_by_side(tensors):
    buffer = apart((len(tensors), *tensors[0].shape), tensors[0])
    for each, tensor in zip(buffer, tensors, strict=True):
        each.copy_(tensor)
    return buffer


def target(num_samples, outputs, seed, criterion, dtype=torch.float64):
    if isinstance(criterion, nn.MSELoss):
        return draw((num_samples, outputs), seed, dtype)
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(max(2, outputs), (num_samples,), generator=generator)


def close(ours, theirs, tolerance=1e-12):
    """Whether all differences are below the tolerance times the largest number."""
    scale = theirs.abs().max().clamp(min=1)
    return bool(((ours - theirs).abs() <= tolerance * scale).all())
