from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.optimizers import DecayingOptimizer, ElementwiseOptimizer, Epsilon, LearningRate, Rate

if TYPE_CHECKING:
    from torch import Tensor


class Adagrad(ElementwiseOptimizer, DecayingOptimizer, frozen=True):
    """Divide each gradient by the root of the sum of all its squares so far: steps only shrink.

    s = s + g^2, w = w - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps), at step t = 1, 2, ...

    Source: Duchi, Hazan & Singer 2011, JMLR 12. Weight decay is L2.
    """

    kind: Literal["adagrad"] = "adagrad"
    lr: LearningRate = 0.01
    lr_decay: Rate = 0.0
    """How fast the rate falls with the number of steps, on top of the schedule."""
    initial_sum: Annotated[float, Field(ge=0, le=1e6)] = 0.0
    """Where the sum of squares starts; above 0 it tames the first steps."""
    eps: Epsilon = 1e-10
    """Added to the divisor, so that a vanishing gradient does not divide by zero."""

    def start(self, weights: "Tensor") -> "dict[str, Tensor]":
        return {"sum": weights.new_full(weights.shape, self.initial_sum)}

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        total = state["sum"].addcmul_(grads, grads)
        rate = lr / (1 + (step - 1) * self.lr_decay)
        weights.addcdiv_(grads, total.sqrt().add_(self.eps), value=-rate)
