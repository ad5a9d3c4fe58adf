from typing import TYPE_CHECKING, Literal

from normlab.components.parametrizations import Parametrization

if TYPE_CHECKING:
    from torch import nn


class NoParametrization(Parametrization, frozen=True):
    """The weight itself is trained: W = V."""

    kind: Literal["none"] = "none"

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        pass
