"""The torch module of an experiment: built, initialised by named streams, and grouped for weight decay."""

import threading
from typing import Any

import torch
from torch import Tensor, nn

from normlab.components.models import Model
from normlab.components.optimizers import DecayingOptimizer, Optimizer
from normlab.engine.seeding import stream_seed, torch_stream
from normlab.layers.dropout import RandomLayer

# Inits draw from torch's global generator, which threads share.
_global_generator = threading.Lock()


def build_module(
    model: Model, inputs: tuple[int, ...], num_outputs: int, seed: int, device: torch.device
) -> nn.Module:
    """Build a model's module on the device; torch's global generator is left as it was.

    Each layer starts from a stream of its own path, on the CPU: its weights depend neither on the
    other layers nor on the device.
    """
    with _global_generator, torch.random.fork_rng(devices=[]):
        module = model.build(inputs, num_outputs)
        for path, layer in list(module.named_modules()):
            if isinstance(layer, nn.Linear | nn.Conv2d):
                torch.default_generator.manual_seed(stream_seed(seed, "init", path))
                model.init.build(layer)
                if path != model.head:
                    model.parametrization.build(layer)
    module.to(device)
    for path, layer in module.named_modules():
        if isinstance(layer, RandomLayer):
            layer.generator = torch_stream(seed, "dropout", path, device)
    return module


def put_channels_last(module: nn.Module, model: Model, device: torch.device) -> None:
    """Have convolutions keep the channels of a position side by side in memory, where that is quicker.

    It is on a CPU, and with most norms: the first layer gets its images so, and the others pass maps on as
    they come. A CNN of 16 and 32 channels trained 1.6 times as fast, and was evaluated 3 times as fast; most
    of it is the max pooling's. Weights stay as they are.
    """
    convolves = any(isinstance(layer, nn.Conv2d) for layer in module.modules())
    if convolves and device.type == "cpu" and model.norm.takes_channels_last:
        module.register_forward_pre_hook(_channels_last)


def _channels_last(_: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    return (inputs[0].to(memory_format=torch.channels_last),)


def num_parameters(module: nn.Module) -> int:
    """Count a module's trainable numbers."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)


def parameter_groups(module: nn.Module, optimizer: Optimizer) -> list[dict[str, Any]]:
    """Group parameters for torch: weights that decay, and norm parameters and biases, which don't.

    An optimizer that decays all, or nothing, gets one group.
    """
    decay = optimizer.weight_decay if isinstance(optimizer, DecayingOptimizer) else 0.0
    every = list(module.parameters())
    if not decay or (isinstance(optimizer, DecayingOptimizer) and optimizer.decay_all):
        return [{"params": every, "weight_decay": decay}]
    weights = [
        parameter
        for layer in module.modules()
        if isinstance(layer, nn.Linear | nn.Conv2d)
        for name, parameter in layer.named_parameters()
        # A parametrized weight is called parametrizations.weight.original (or original1 beside its norm).
        if name in ("weight", "parametrizations.weight.original", "parametrizations.weight.original1")
    ]
    chosen = {id(parameter) for parameter in weights}
    rest = [parameter for parameter in every if id(parameter) not in chosen]
    groups = [{"params": weights, "weight_decay": decay}, {"params": rest, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]
