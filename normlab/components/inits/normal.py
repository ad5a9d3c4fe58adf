from typing import TYPE_CHECKING, Literal

from normlab.components.inits import Init, Scale, zero_bias

if TYPE_CHECKING:
    from torch import nn


class Normal(Init, frozen=True):
    """weight ~ N(0, std^2) whatever the layer's size, bias = 0.

    Source: Krizhevsky, Sutskever & Hinton 2012, section 5, for 0.01.
    """

    kind: Literal["normal"] = "normal"
    std: Scale = 0.01
    """Standard deviation of the weights."""

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn import init

        init.normal_(layer.weight, std=self.std)
        zero_bias(layer)
