from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.dropouts import Dropout, Probability

if TYPE_CHECKING:
    from torch import nn


class DropPath(Dropout, frozen=True):
    """Skip a residual branch for each sample with probability p while training: stochastic depth.

    y = x + kept * f(x) / (1 - p), with kept 0 or 1 for the whole sample. p = 1 leaves the shortcut alone.

    Shape: any -> the same.
    Source: Huang et al. 2016, Deep Networks with Stochastic Depth, arXiv:1603.09382. Departures: p is the
    same for every block instead of rising with depth, is drawn per sample instead of per batch, and the
    scale acts in training instead of evaluation.
    """

    kind: Literal["drop_path"] = "drop_path"
    on_branch: ClassVar[bool] = True

    p: Probability = 0.1
    """Probability that a sample skips a branch."""

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from normlab.layers.dropout import DropPath

        return DropPath(self.p)
