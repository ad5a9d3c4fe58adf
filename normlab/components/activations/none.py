from typing import TYPE_CHECKING, Literal

from normlab.components.activations import Activation

if TYPE_CHECKING:
    from torch import nn


class NoActivation(Activation, frozen=True):
    """No non-linearity: y = x, which makes a net without norms linear."""

    kind: Literal["none"] = "none"

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.Identity()
