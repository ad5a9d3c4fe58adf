"""What a run is asked to be."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from normlab.engine.control import Control
from normlab.lab.experiment import Experiment

if TYPE_CHECKING:
    from normlab.engine.weights import StartWeights


@dataclass(frozen=True)
class Request:
    """A run that is wanted. What each setting means stands with `normlab.engine.loop.run`."""

    experiment: Experiment
    arm: str = "baseline"
    control: Control = field(default_factory=Control)
    folder: Path | str | None = None
    run_id: str | None = None
    probe: bool = False
    weights: "StartWeights | None" = None
    resume: bool = False
    checkpoint_every: int | None = None
    time_limit_seconds: float | None = None
