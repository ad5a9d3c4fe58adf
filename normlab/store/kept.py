"""A run as the store knows it."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from normlab.core.errors import ConfigError, Problem
from normlab.core.parsing import parse
from normlab.engine.events import Outcome, Point
from normlab.lab.experiment import Experiment


@dataclass(frozen=True)
class KeptRun:
    """One run: what it was to do, how it stands, what people said of it."""

    id: str
    number: int
    """Place in the order in which runs were begun, counted from 1."""
    arm: str
    """What it was called when it began."""
    seed: int
    experiment_json: str
    """The experiment's table; see `experiment`."""
    folder: Path
    """With its weights, its experiment.toml and its run.jsonl; it may be gone."""
    created: float
    """When it began, in seconds since 1970."""
    finished: float | None = None
    """When it ended; none while it is under way."""
    outcome: Outcome | None = None
    """None while it is under way."""
    reason: str | None = None
    device: str | None = None
    num_parameters: int = 0
    num_steps: int = 0
    """Optimizer steps until the planned end."""
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    """Of training and evaluation, pauses left out."""
    best: Point | None = None
    last: Point | None = None
    name: str | None = None
    """What somebody called it."""
    note: str = ""
    tags: tuple[str, ...] = ()
    origin: str | None = None
    """Where its first weights came from, as ID:best or ID:last; none where they were drawn."""
    environment: dict[str, str] = field(default_factory=dict[str, str])
    """Versions of what it ran with, and the machine, by name."""

    @cached_property
    def experiment(self) -> Experiment:
        """What the run was to do.

        Raises: ConfigError where it is damaged, or made by a version whose settings this one doesn't know.
        """
        place = f"run {self.id}"
        try:
            table = json.loads(self.experiment_json)
        except ValueError:
            raise ConfigError(Problem(place, "has settings that can't be read", "delete it")) from None
        return parse(Experiment, table, place)

    @property
    def title(self) -> str:
        """What it is called: by somebody, or by its arm. Untrusted text."""
        return self.name or self.arm
