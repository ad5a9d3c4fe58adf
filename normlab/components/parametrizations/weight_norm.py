from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.parametrizations import Parametrization

if TYPE_CHECKING:
    from torch import nn


class WeightNorm(Parametrization, frozen=True):
    """Train the length and the direction of each row of the weight apart.

    W = g * V / norm(V), with g a trained number per row and norm(V) the Euclidean norm of each row. It starts
    from the weight as initialized, with g = norm(V), so that it changes nothing at first.

    Source: Salimans & Kingma 2016, Weight Normalization, arXiv:1602.07868, equation 2. Departure: no
    data-dependent init.
    """

    kind: Literal["weight_norm"] = "weight_norm"
    divides_by_size: ClassVar[bool] = True

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn.utils.parametrizations import weight_norm

        weight_norm(layer)

    def extra_parameters(self, num_outputs: int) -> int:
        return num_outputs
