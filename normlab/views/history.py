"""Events folded into what is known of a run so far."""

from dataclasses import dataclass, field
from typing import Literal

from normlab.engine.events import (
    Event,
    Held,
    Measured,
    Outcome,
    Point,
    Preparing,
    Probed,
    ProbeSamples,
    Progress,
    RunFinished,
    RunStarted,
    Warned,
    WeightsLoaded,
)
from normlab.lab.experiment import Experiment
from normlab.lab.metrics import beats

Axis = Literal["epoch", "step", "seconds"]
"""What a curve may run over."""


@dataclass
class History:
    """One run, as far as its events tell."""

    arm: str
    experiment: Experiment
    device: str | None = None
    """Where it trains; none before it has started."""
    num_parameters: int = 0
    num_steps: int = 0
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    points: list[Point] = field(default_factory=list[Point])
    outcome: Outcome | None = None
    reason: str | None = None
    best: Point | None = None
    """The best evaluation so far."""
    last: Point | None = None
    """The latest evaluation."""
    samples_per_second: float | None = None
    """Speed of training between the last two evaluations."""
    preparing: Preparing | None = None
    """How far a download is, before training starts."""
    held: str | None = None
    """What the run waits for, such as space on the disk; none while it goes on."""
    loaded: WeightsLoaded | None = None
    """Where its first weights came from, and what of them matched; none where all were drawn."""
    probed: Probed | None = None
    """The latest picture of what the model answers."""
    samples: ProbeSamples | None = None
    """The data on those pictures, told with the first."""
    warnings: list[str] = field(default_factory=list[str])

    @property
    def unit(self) -> str:
        """What the run's length is counted in: epochs or steps."""
        return self.experiment.training.unit

    def place(self, point: Point) -> int:
        """Where a point stands, in that unit."""
        return point.epoch if self.unit == "epoch" else point.step

    @property
    def seconds_left(self) -> float | None:
        """Estimate the time to the planned end; none before the first step."""
        return self.seconds / self.step * (self.num_steps - self.step) if self.step else None

    def fold(self, event: Event) -> None:
        """Take in an event."""
        self.held = event.reason if isinstance(event, Held) else None
        match event:
            case Preparing():
                self.preparing = event
            case RunStarted():
                self.device, self.preparing = event.device, None
                self.num_parameters, self.num_steps = event.num_parameters, event.num_steps
                self._go_back(event.resumed_at)
            case WeightsLoaded():
                self.loaded = event
            case Progress():
                self.epoch, self.step, self.seconds = event.epoch, event.step, event.seconds
            case Measured():
                self.epoch, self.step = event.epoch, event.step
                self.seconds = event.metrics["seconds"]
                self.samples_per_second = event.metrics.get("samples_per_second")
                self.last = Point(epoch=event.epoch, step=event.step, metrics=event.metrics)
                self._judge(self.last)
                self.points.append(self.last)  # at the end: who reads looks here for what is new
            case Probed():
                self.samples = event.samples or self.samples
                self.probed = event
            case Warned():
                self.warnings.append(event.message)
            case RunFinished():
                self.best, self.last = event.best, event.last
                self.reason, self.seconds = event.reason, event.seconds
                self.outcome = event.outcome
            case _:
                pass

    def _go_back(self, step: int) -> None:
        """Forget what came after a step: a run that is resumed there measures it anew."""
        self.outcome, self.reason = None, None
        points = [point for point in self.points if point.step <= step] if step else []
        self.best, self.last = None, points[-1] if points else None
        for point in points:
            self._judge(point)
        self.points = points  # at once: others read it meanwhile

    def _judge(self, point: Point) -> None:
        best = self.best.metrics if self.best else None
        if beats(point.metrics, best, self.experiment.training.best_metric):
            self.best = point

    def fail(self, reason: str) -> None:
        """Note that the run has ended by an error, which left no event."""
        self.outcome, self.reason = "failed", reason

    def curve(self, metric: str, axis: Axis | None = None) -> tuple[list[float], list[float]]:
        """Give a metric's values over an axis; by default over what training is counted in."""
        points = [point for point in self.points if metric in point.metrics]
        return [self.at(point, axis) for point in points], [point.metrics[metric] for point in points]

    def at(self, point: Point, axis: Axis | None = None) -> float:
        """Tell where a point stands on an axis."""
        match axis or self.unit:
            case "seconds":
                return point.metrics["seconds"]
            case "step":
                return point.step
            case _:
                return point.epoch
