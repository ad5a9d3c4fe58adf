from typing import TYPE_CHECKING, Literal

from normlab.components.inits import Init

if TYPE_CHECKING:
    from torch import nn


class DefaultInit(Init, frozen=True):
    """torch's own init: weight and bias ~ U(-b, b), b = 1 / sqrt(fan_in).

    The weight's variance is 1 / (3 * fan_in), a sixth of what ReLU layers need: in deep nets without
    norms the signal shrinks. The only init here whose bias isn't 0.

    Source: torch.nn.Linear and torch.nn.Conv2d, reset_parameters.
    """

    kind: Literal["default"] = "default"

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        layer.reset_parameters()
