from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from normlab.components.optimizers import ElementwiseOptimizer, LearningRate

if TYPE_CHECKING:
    from torch import Tensor

Size = Annotated[float, Field(gt=0, le=1e6)]


class Rprop(ElementwiseOptimizer, frozen=True):
    """Follow only the gradient's sign, with a step size per weight that grows until the sign flips.

    size = clamp(size * (grow if g * g_before > 0, shrink if < 0, 1 if = 0), smallest, largest),
    w = w - size * sign(g); where the sign flipped, no step is made and g counts as 0 at the next.

    `lr` is the size that every weight starts with: a schedule acts at the first step only. For full
    batches, since noise flips signs.

    Source: Riedmiller & Braun 1993, ICNN; without undoing the step before a flip (iRprop-, Igel & Huesken
    2000).
    """

    kind: Literal["rprop"] = "rprop"
    follows_schedule: ClassVar[bool] = False

    lr: LearningRate = 0.01
    shrink: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Factor on the step size when the gradient's sign flips."""
    grow: Annotated[float, Field(gt=1, le=1000)] = 1.2
    """Factor on the step size while the gradient's sign stays."""
    smallest: Size = 1e-6
    """Least step size."""
    largest: Annotated[Size, Field(validate_default=True)] = 50.0
    """Greatest step size."""

    @field_validator("largest")
    @classmethod
    def _holds_smallest(cls, largest: float, info: ValidationInfo) -> float:
        smallest = info.data.get("smallest", 0.0)
        if largest < smallest:
            raise ValueError(f"must be at least smallest, which is {smallest:g}; raise it or lower smallest")
        return largest

    def start(self, weights: "Tensor") -> "dict[str, Tensor]":
        return {"sizes": weights.new_zeros(weights.shape), "before": weights.new_zeros(weights.shape)}

    def update(
        self, weights: "Tensor", grads: "Tensor", state: "dict[str, Tensor]", step: int, lr: float
    ) -> None:
        import torch

        sizes, before = state["sizes"], state["before"]
        if step == 1:
            sizes.fill_(lr)
        agreement = before.mul_(grads)
        flipped = agreement < 0
        factor = (
            torch.ones_like(sizes).masked_fill_(agreement > 0, self.grow).masked_fill_(flipped, self.shrink)
        )
        sizes.mul_(factor).clamp_(self.smallest, self.largest)
        before.copy_(grads).masked_fill_(flipped, 0)
        weights.addcmul_(before.sign(), sizes, value=-1)
