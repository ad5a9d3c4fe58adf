from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from normlab.components.parametrizations import Parametrization
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class WeightStandardization(Parametrization, frozen=True):
    """Give each row of the weight mean 0 and variance 1.

    W = (V - mean) / sqrt(var + eps), with mean and biased variance over each row of V.

    There is no gain and no 1 / sqrt(fan_in), as in the paper: outputs are about sqrt(fan_in) times as large
    as inputs, and a norm behind the layer has to bring them back.

    Source: Qiao et al. 2019, Weight Standardization, arXiv:1903.10520. Departure: eps is under the root.
    """

    kind: Literal["weight_standardization"] = "weight_standardization"
    divides_by_size: ClassVar[bool] = True

    eps: Annotated[float, Field(ge=1e-12, le=1)] = 1e-10
    """Added to the variance; far below the variance of any weight, which may be 1e-4."""

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn.utils.parametrize import register_parametrization

        from normlab.layers.standardization import Standardization

        register_parametrization(layer, "weight", Standardization(self.eps))

    def problems(self, fan_in: int, path: str) -> Iterator[Problem]:
        if fan_in == 1:
            rule = "makes every weight 0 where a layer has a single input"
            yield Problem(f"{path}.kind", rule, "use weight_norm, or none", self.kind)
