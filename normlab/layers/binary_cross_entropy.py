"""Cross-entropy of two classes, for targets that are class indices as everywhere else."""

from torch import Tensor, nn
from torch.nn import functional


class BinaryCrossEntropy(nn.Module):
    """Mean of log(1 + exp(output)) - target * output.

    Shape: output (N, 1) of logits, target (N,) of class indices 0 and 1 -> ().
    """

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(output.squeeze(1), target.to(output.dtype))
