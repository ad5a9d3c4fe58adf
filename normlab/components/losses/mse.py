from typing import TYPE_CHECKING, Literal

from normlab.components.datasets import Outline
from normlab.components.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor, nn


class MeanSquaredError(Loss, frozen=True):
    """loss = mean of (output - target)^2; its score is the root of that.

    Shape: (N, 1), (N, 1) -> ().
    """

    kind: Literal["mse"] = "mse"
    score_name = "rmse"

    def serves(self, data: Outline) -> bool:
        return data.task == "regression"

    def num_outputs(self, data: Outline) -> int:
        return 1

    def build(self) -> "nn.Module":
        from torch import nn

        return nn.MSELoss()

    def measure(self, output: "Tensor", target: "Tensor") -> "Tensor":
        return (output - target).square().mean(1)
