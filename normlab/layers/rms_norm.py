"""RMS norm that gets along with autocast."""

from torch import Tensor, nn
from torch.nn import functional


class RMSNorm(nn.RMSNorm):
    """x / sqrt(mean(x^2) + eps) * weight, over the last dimensions."""

    def forward(self, x: Tensor) -> Tensor:
        # Autocast leaves both types as they are, and torch warns of a weight that isn't x's and runs slower.
        weight = self.weight.to(x.dtype) if self.elementwise_affine else None
        return functional.rms_norm(x, self.normalized_shape, weight, self.eps)
