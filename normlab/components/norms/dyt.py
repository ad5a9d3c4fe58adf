from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.norms import Norm

if TYPE_CHECKING:
    from torch import nn


class DyT(Norm, frozen=True):
    """Squash each value by a tanh of learned slope, in the place of a norm: no statistics at all.

    y = weight * tanh(alpha * x) + bias, with one alpha for the layer.

    Shape: (N, D) -> (N, D), or (N, C, H, W) -> (N, C, H, W); alpha (1,), weight and bias (C,).
    Source: Zhu et al. 2025, Transformers without Normalization, arXiv:2503.10622, equation 3.
    """

    kind: Literal["dyt"] = "dyt"
    alpha: Annotated[float, Field(gt=0, le=1000)] = 0.5
    """Slope at the start of training, which is learned from there."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from normlab.layers.dyt import DyT

        return DyT(shape[0], self.alpha)

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return 1 + 2 * shape[0]
