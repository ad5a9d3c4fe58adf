from typing import TYPE_CHECKING, Literal

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class GELU(Activation, frozen=True):
    """y = x * Phi(x), with Phi the standard normal distribution function.

    Source: Hendrycks & Gimpel 2016, Gaussian Error Linear Units, arXiv:1606.08415.
    """

    kind: Literal["gelu"] = "gelu"
    approximate: Literal["none", "tanh"] = "none"
    """Exact ("none"), or y = x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))."""

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.GELU(approximate=self.approximate)
