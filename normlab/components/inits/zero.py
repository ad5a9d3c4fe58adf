from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.inits import Init, zero_bias

if TYPE_CHECKING:
    from torch import nn


class Zero(Init, frozen=True):
    """weight = 0 and bias = 0: every unit of a layer stays equal to its neighbours.

    A fault to look at.
    """

    kind: Literal["zero"] = "zero"
    all_zero: ClassVar[bool] = True

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn import init

        init.zeros_(layer.weight)
        zero_bias(layer)
