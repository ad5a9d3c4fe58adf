from typing import TYPE_CHECKING, Literal

from normlab.components.dropouts import Dropout

if TYPE_CHECKING:
    from torch import nn


class NoDropout(Dropout, frozen=True):
    """No dropout: y = x."""

    kind: Literal["none"] = "none"

    def build(self, shape: tuple[int, ...]) -> "nn.Module":
        from torch import nn

        return nn.Identity()
