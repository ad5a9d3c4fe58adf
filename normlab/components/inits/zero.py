from typing import TYPE_CHECKING, Literal

from normlab.components.inits import Init, zero_bias

if TYPE_CHECKING:
    from torch import nn


class Zero(Init, frozen=True):
    """weight = 0 and bias = 0: every unit of a layer stays equal to its neighbours.

    A fault to look at. Weight norm and spectral norm would divide by the weight's norm, which is 0.
    """

    kind: Literal["zero"] = "zero"

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn import init

        init.zeros_(layer.weight)
        zero_bias(layer)
