"""Optimizers: how gradients become steps."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from normlab.core.choice import Part

if TYPE_CHECKING:
    from torch.optim import Optimizer as TorchOptimizer

Rate = Annotated[float, Field(ge=0, le=1e6)]


class Optimizer(Part, frozen=True):
    """An optimizer, configured."""

    needs_closure: ClassVar[bool] = False
    """True for one that evaluates the loss several times within a step."""

    lr: Rate
    """Peak learning rate, per optimizer step; the schedule multiplies it."""

    @abstractmethod
    def build(self, groups: list[dict[str, Any]]) -> "TorchOptimizer":
        """Build the torch optimizer.

        `groups` are torch parameter groups, each with "params" and its own "weight_decay": 0 for
        norm parameters and biases unless `decay_all` is set.
        """


class DecayingOptimizer(Optimizer, frozen=True):
    """An optimizer that can pull weights towards zero."""

    weight_decay: Rate = 0.0
    """Strength of weight decay; norm parameters and biases are left out unless `decay_all` is on."""
    decay_all: bool = False
    """Decay norm parameters and biases too."""
