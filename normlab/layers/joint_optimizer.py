"""Several optimizers behind the face of one, for those that serve only some kinds of parameters."""

from collections.abc import Callable
from itertools import islice
from typing import Any

import torch
from torch.optim import Optimizer


class JointOptimizer(Optimizer):
    """Step several optimizers together, each on parameters of its own.

    `param_groups` are those of all parts, in order, and `state_dict` holds the state of all.
    """

    def __init__(self, *parts: Optimizer) -> None:
        self.parts = parts
        super().__init__([group for part in parts for group in part.param_groups], {})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        groups = iter(self.param_groups)
        for part in self.parts:
            # Handed over at each step, because load_state_dict replaces both objects.
            part.param_groups = list(islice(groups, len(part.param_groups)))
            part.state = self.state
            part.step()
        return loss
