from typing import TYPE_CHECKING, Literal

from normlab.components.dropouts import Dropout, Probability

if TYPE_CHECKING:
    from torch import nn


class AlphaDropout(Dropout, frozen=True):
    """Set each value to SELU's lowest with probability p while training; keep mean 0 and variance 1.

    y = a * (x * kept + low * (1 - kept)) + b, with low = -1.7581, which SELU tends to far below 0,
    a = ((1 - p) * (1 + p * low^2))^(-1/2) and b = -a * p * low. Evaluation passes values on unchanged.
    p = 1 gives zeros, which y tends to.

    Shape: any -> the same.
    Source: Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv:1706.02515, section 3.
    """

    kind: Literal["alpha"] = "alpha"
    p: Probability = 0.05
    """Probability that a value is dropped (not that it stays)."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from normlab.layers.dropout import AlphaDropout

        return AlphaDropout(self.p)
