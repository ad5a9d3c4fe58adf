"""How fast a study's runs are made, and where those under way are."""

import time

from normlab.cli.durations import roughly
from normlab.core.text import visible
from normlab.engine.events import Event, RunFinished, RunStarted
from normlab.lab.metrics import default_metric
from normlab.views.board import Board, Place
from normlab.views.history import History


class Pace:
    """How fast a study's runs are made."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.estimate: float | None = None
        """Seconds that all were thought to take."""
        self._num_before = board.num_ended
        self._began: float | None = None
        self._mine: dict[str, Place] = {}

    def follow(self, place: Place, event: Event) -> None:
        """Take the time when the first training begins: until then torch is loaded."""
        if self._began is None and isinstance(event, RunStarted):
            self._began = time.monotonic()
        if isinstance(event, RunStarted):
            self._mine[event.run] = place
        elif isinstance(event, RunFinished):
            self._mine.pop(event.run, None)

    def under_way(self) -> list[History]:
        """Give the runs that are trained here."""
        return [self.board.histories[place] for place in list(self._mine.values())]

    @property
    def seconds_left(self) -> float | None:
        """Estimate how long the rest takes: from what was made, and before that from what was estimated."""
        parts = [h.step / h.num_steps for h in self.under_way() if h.num_steps]
        made = self.board.num_ended - self._num_before + sum(parts)
        todo = self.board.num_runs - self._num_before
        if self._began is None or made < 0.2:
            return self.estimate
        return (time.monotonic() - self._began) / made * (todo - made)

    @property
    def line(self) -> str:
        """Say how many runs have ended, and how long the rest takes."""
        said = f"{self.board.num_ended:,}/{self.board.num_runs:,} runs"
        left = self.seconds_left
        return f"{said}, about {roughly(left)} left" if left else said


def place_line(history: History) -> str:
    """Say where a run is."""
    training = history.experiment.training
    now, planned = (
        (history.epoch, training.epochs) if history.unit == "epoch" else (history.step, history.num_steps)
    )
    place = f"{visible(history.arm, 30)} · seed {history.experiment.seed}: {history.unit} {now:,}/{planned:,}"
    metrics = history.last.metrics if history.last else {}
    name = default_metric(metrics)
    return f"{place}, {name} {metrics[name]:.4g}" if name in metrics else place
