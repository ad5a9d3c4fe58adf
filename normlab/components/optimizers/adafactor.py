from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from normlab.components.optimizers import DecayingOptimizer, DecoupledDecay, Epsilon, LearningRate

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class Adafactor(DecayingOptimizer, frozen=True):
    """Adam's divisor at the memory of a row and a column per matrix, with steps relative to the weights.

    beta2 = 1 - t^beta2_decay, R and C = running means of g^2 over rows and over columns,
    u = g / sqrt(R * C / mean(R)), u = u / max(1, rms(u) / clip),
    w = w - max(scale_floor, rms(w)) * min(lr, 1 / sqrt(t)) * u, at step t = 1, 2, ...;
    vectors keep the whole mean of g^2. rms(x) = sqrt(mean(x^2)).

    Source: Shazeer & Stern 2018, arXiv:1804.04235, without first moment. Departures, torch's: lr is the
    paper's cap of 0.01 on the relative step, and eps guards the divisors instead of joining g^2.
    """

    kind: Literal["adafactor"] = "adafactor"
    lr: LearningRate = 0.01
    weight_decay: DecoupledDecay = 0.0
    beta2_decay: Annotated[float, Field(ge=-1, lt=0)] = -0.8
    """Exponent of the step number that the running mean forgets by; nearer to 0 forgets faster."""
    scale_floor: Epsilon = 1e-3
    """Least size that a weight is taken to have, so that weights at zero can leave it."""
    clip: Annotated[float, Field(ge=1, le=1e6)] = 1.0
    """Largest root mean square of an update before lr."""

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        return optim.Adafactor(
            groups, lr=self.lr, beta2_decay=self.beta2_decay, eps=(None, self.scale_floor), d=self.clip
        )
