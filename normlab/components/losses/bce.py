from typing import TYPE_CHECKING, Literal

from normlab.components.datasets import Outline
from normlab.components.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor, nn


class BinaryCrossEntropy(Loss, frozen=True):
    """Cross-entropy of two classes from a single output, the logit of class 1, the sigmoid included.

    loss = mean over samples of log(1 + exp(output)) - target * output

    Shape: (N, 1), (N,) -> (). Accuracy counts a sample whose logit is above 0 exactly when its class is 1.
    """

    kind: Literal["bce"] = "bce"
    score_name = "accuracy"

    def serves(self, data: Outline) -> bool:
        return data.task == "classification" and data.num_classes == 2

    def num_outputs(self, data: Outline) -> int:
        return 1

    def build(self) -> "nn.Module":
        from normlab.layers.binary_cross_entropy import BinaryCrossEntropy

        return BinaryCrossEntropy()

    def measure(self, output: "Tensor", target: "Tensor") -> "Tensor":
        logit = output.squeeze(1)
        return (logit > 0) == (target == 1)

    def confidence(self, output: "Tensor") -> "Tensor":
        return output.squeeze(1).abs().sigmoid()
