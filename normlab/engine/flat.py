"""All weights of a net in one row, and their gradients in another."""

import math
from typing import Any

import torch
from torch import Tensor, nn

# 64 bytes of float32: where each parameter begins, so that products of matrices find it as torch allocates.
_ALIGN = 16


class Flat:
    """Lays a module's parameters side by side; the module keeps them, as views, and so do their gradients.

    An optimizer that treats every number alike then takes its step in one operation, however deep the net.
    """

    def __init__(self, groups: list[dict[str, Any]]) -> None:
        """`groups` are torch's parameter groups of the module, each laid out as one stretch."""
        every: list[nn.Parameter] = [parameter for group in groups for parameter in group["params"]]
        like = every[0]
        total = sum(_room(parameter) for parameter in every)
        self.values = torch.zeros(total, dtype=like.dtype, device=like.device)
        self.grads = torch.zeros_like(self.values)
        self.groups: list[dict[str, Any]] = []
        """The parameter groups, each with its stretch as the only parameter."""
        end = 0
        for group in groups:
            begin = end
            for parameter in group["params"]:
                place = slice(end, end + parameter.numel())
                values = self.values[place].view_as(parameter)
                parameter.data = values.copy_(parameter.data)
                parameter.grad = self.grads[place].view_as(parameter)
                end += _room(parameter)
            row = nn.Parameter(self.values[begin:end])
            row.grad = self.grads[begin:end]
            self.groups.append({**group, "params": [row]})


def _room(parameter: Tensor) -> int:
    return math.ceil(parameter.numel() / _ALIGN) * _ALIGN
