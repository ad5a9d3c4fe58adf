from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from normlab.components.optimizers import LearningRate, Optimizer

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer


class LBFGS(Optimizer, frozen=True):
    """Quasi-Newton steps, the curvature estimated from the last few steps and gradients.

    w = w - lr * H * g, with H from the last `history_size` pairs (s, y) of steps and gradient differences.
    Each step of training holds up to `max_iter` of these on the same batch. For full batches: pairs
    from different batches don't fit together.

    Source: Liu & Nocedal 1989, Mathematical Programming 45.
    """

    kind: Literal["lbfgs"] = "lbfgs"
    needs_closure = True
    lr: LearningRate = 1.0
    max_iter: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Iterations within one optimizer step, each of at least one pass over the batch."""
    history_size: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Pairs of steps and gradient differences that are remembered."""
    line_search: Literal["none", "strong_wolfe"] = "strong_wolfe"
    """Length of each move: "none" takes lr itself, "strong_wolfe" starts at lr and searches until the loss
    has fallen enough."""

    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        from torch import optim

        # torch's L-BFGS knows a single group; weight decay, the groups' reason, isn't among its settings.
        return optim.LBFGS(
            [p for group in groups for p in group["params"]],
            lr=self.lr,
            max_iter=self.max_iter,
            history_size=self.history_size,
            line_search_fn=None if self.line_search == "none" else self.line_search,
        )
