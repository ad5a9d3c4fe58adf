from typing import Literal

from normlab.components.schedules import Schedule


class Constant(Schedule, frozen=True):
    """The same rate throughout: factor(t) = 1."""

    kind: Literal["constant"] = "constant"

    def factor(self, time: int, length: int) -> float:
        return 1.0
