"""The best evaluation so far, its weights, and when to give up waiting for a better one."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from normlab.engine.events import Point
from normlab.lab.experiment import EarlyStopping, Experiment
from normlab.lab.metrics import Direction, better, default_metric, improves


class Best:
    """Keeps the best evaluation of a run and, where they are wanted, the weights of that moment."""

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.point: Point | None = None
        self._value: float | None = None
        self._live: dict[str, Tensor] = {}
        self._kept: dict[str, Tensor] = {}

    def keep_weights_of(self, module: nn.Module) -> None:
        """Keep that module's weights from now on, too."""
        self._live = dict(module.state_dict())

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

    def state(self, step: int) -> dict[str, Any]:
        """Give what resuming needs; the weights are left out where the best evaluation is of this step."""
        here = self.point is not None and self.point.step == step
        point = None if self.point is None else self.point.model_dump()
        return {"point": point, "value": self._value, "weights": None if here else self._kept}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take up a state that `state` gave; the module has its weights of then already."""
        if state["point"] is None:
            return
        self.point, self._value = Point.model_validate(state["point"]), state["value"]
        given = self._live if state["weights"] is None else state["weights"]
        self._kept = {
            name: given[name].detach().to(tensor.device, copy=True) for name, tensor in self._live.items()
        }


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

    def state(self) -> dict[str, Any]:
        """Give what resuming needs."""
        return {"best": self._best, "waited": self._waited}

    def load(self, state: Mapping[str, Any], anew: bool) -> None:
        """Take up a state that `state` gave; `anew` counts from 0 again, where a finished run is extended."""
        self._best, self._waited = state["best"], 0 if anew else state["waited"]
