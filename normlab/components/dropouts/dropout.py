from typing import TYPE_CHECKING, Literal

from normlab.components.dropouts import Dropout, Probability

if TYPE_CHECKING:
    from torch import nn


class StandardDropout(Dropout, frozen=True):
    """Zero each value with probability p while training, and scale the rest by 1/(1-p).

    The scale keeps the expected value, so that evaluation passes values on unchanged. p = 1 gives zeros.

    Shape: any -> the same.
    Source: Srivastava et al. 2014, JMLR 15; the scale ("inverted dropout") is today's practice.
    """

    kind: Literal["dropout"] = "dropout"
    p: Probability = 0.5
    """Probability that a value is zeroed (not that it stays)."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from normlab.layers.dropout import Dropout

        return Dropout(self.p)
