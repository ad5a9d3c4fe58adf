"""Events folded into what is known of a run so far."""

from dataclasses import dataclass, field

from normlab.engine.events import Event, Measured, Outcome, Point, Progress, RunFinished, RunStarted
from normlab.lab.experiment import Experiment


@dataclass
class History:
    """One run, as far as its events tell."""

    arm: str
    experiment: Experiment
    num_parameters: int = 0
    num_steps: int = 0
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    points: list[Point] = field(default_factory=list[Point])
    outcome: Outcome | None = None
    reason: str | None = None
    best: Point | None = None
    last: Point | None = None

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
        match event:
            case RunStarted():
                self.num_parameters, self.num_steps = event.num_parameters, event.num_steps
            case Progress():
                self.epoch, self.step, self.seconds = event.epoch, event.step, event.seconds
            case Measured():
                self.epoch, self.step = event.epoch, event.step
                self.seconds = event.metrics["seconds"]
                self.points.append(Point(epoch=event.epoch, step=event.step, metrics=event.metrics))
            case RunFinished():
                self.outcome, self.reason, self.seconds = event.outcome, event.reason, event.seconds
                self.best, self.last = event.best, event.last
            case _:
                pass

    def curve(self, metric: str) -> tuple[list[int], list[float]]:
        """Give a metric's values over epochs, or over steps where training is counted in them."""
        points = [point for point in self.points if metric in point.metrics]
        return [self.place(point) for point in points], [point.metrics[metric] for point in points]
