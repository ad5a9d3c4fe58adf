"""The best evaluation so far, its weights, and when to give up waiting for a better one."""

from torch import Tensor, nn

from normlab.engine.events import Point
from normlab.lab.experiment import EarlyStopping, Experiment
from normlab.lab.metrics import Direction, better, default_metric, improves


class Best:
    """Keeps the best evaluation of a run and, where they are wanted, the weights of that moment."""

    def __init__(self, experiment: Experiment, module: nn.Module, keep_weights: bool) -> None:
        self.experiment = experiment
        self.point: Point | None = None
        self._value: float | None = None
        self._live: dict[str, Tensor] = dict(module.state_dict()) if keep_weights else {}
        self._kept: dict[str, Tensor] = {}

    def observe(self, point: Point) -> None:
        """Take in an evaluation."""
        metric = self.experiment.training.best_metric or default_metric(point.metrics)
        if improves(point.metrics[metric], self._value, better(metric)):
            self.point, self._value = point, point.metrics[metric]
            for name, tensor in self._live.items():
                if name in self._kept:
                    self._kept[name].copy_(tensor)
                else:
                    self._kept[name] = tensor.detach().clone()

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights of the best evaluation, by their names in the module."""
        return self._kept


class Patience:
    """Counts evaluations without an improvement."""

    def __init__(self, experiment: Experiment) -> None:
        self.settings: EarlyStopping | None = experiment.training.early_stopping
        self.unit = experiment.training.unit
        self.best_metric = experiment.training.best_metric
        self._best: float | None = None
        self._waited = 0

    def ends(self, point: Point) -> str | None:
        """Take in an evaluation; give the reason where the run should end."""
        if self.settings is None:
            return None
        metric = self.settings.metric or self.best_metric or default_metric(point.metrics)
        direction: Direction = better(metric) if self.settings.mode == "auto" else self.settings.mode
        if improves(point.metrics[metric], self._best, direction, self.settings.min_delta):
            self._best, self._waited = point.metrics[metric], 0
            return None
        if (point.epoch if self.unit == "epoch" else point.step) < self.settings.start:
            return None
        self._waited += 1
        if self._waited < self.settings.patience:
            return None
        best = "never finite" if self._best is None else f"best {self._best:.6g}"
        return f"{metric} did not improve for {self._waited} evaluations ({best})"
