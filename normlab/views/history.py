"""Events folded into what is known of a run so far."""

from dataclasses import dataclass, field

from normlab.engine.events import Event, Measured, Outcome, Point, Progress, RunFinished, RunStarted, Warned
from normlab.lab.experiment import Experiment


@dataclass
class History:
    """One run, as far as its events tell."""

    id: str = ""
    arm: str = ""
    seed: int = 0
    experiment: Experiment | None = None
    device: str = ""
    num_parameters: int = 0
    steps_per_epoch: int = 0
    num_steps: int = 0
    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    points: list[Point] = field(default_factory=list[Point])
    warnings: list[str] = field(default_factory=list[str])
    outcome: Outcome | None = None
    reason: str | None = None
    best: Point | None = None
    last: Point | None = None

    def fold(self, event: Event) -> None:
        """Take in an event."""
        match event:
            case RunStarted():
                self.id, self.arm, self.seed = event.run, event.arm, event.seed
                self.experiment, self.device = event.experiment, event.device
                self.num_parameters = event.num_parameters
                self.steps_per_epoch, self.num_steps = event.steps_per_epoch, event.num_steps
            case Progress():
                self.epoch, self.step, self.seconds = event.epoch, event.step, event.seconds
            case Measured():
                self.epoch, self.step = event.epoch, event.step
                self.seconds = event.metrics["seconds"]
                self.points.append(Point(epoch=event.epoch, step=event.step, metrics=event.metrics))
            case Warned():
                self.warnings.append(event.message)
            case RunFinished():
                self.outcome, self.reason, self.seconds = event.outcome, event.reason, event.seconds
                self.best, self.last = event.best, event.last
            case _:
                pass

    def curve(self, metric: str) -> tuple[list[int], list[float]]:
        """Give a metric's values over epochs, or over steps where training is counted in them."""
        assert self.experiment is not None
        by_epoch = self.experiment.training.unit == "epoch"
        points = [point for point in self.points if metric in point.metrics]
        return [p.epoch if by_epoch else p.step for p in points], [p.metrics[metric] for p in points]
