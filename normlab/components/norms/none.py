from typing import TYPE_CHECKING, Literal

from normlab.components.norms import Norm

if TYPE_CHECKING:
    from torch import nn


class NoNorm(Norm, frozen=True):
    """No normalization: y = x."""

    kind: Literal["none"] = "none"

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        return nn.Identity()

    def num_parameters(self, shape: tuple[int, ...]) -> int:
        return 0
