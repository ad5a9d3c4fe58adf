"""How fast a study's runs are made, and where those under way are."""

import time

from normlab.cli.durations import roughly
from normlab.core.text import visible
from normlab.engine.events import Event, RunFinished, RunStarted
from normlab.lab.metrics import default_metric
from normlab.store.slots import COUNTED
from normlab.views.board import Board, Place
from normlab.views.history import History


class Pace:
    """How fast a study's runs are made."""

    def __init__(self, board: Board, num_done: int) -> None:
        self.board = board
        self.estimate: float | None = None
        """Seconds that all were thought to take."""
        self._num_done, self._num_ended = num_done, 0
        self._began: float | None = None
        self._mine: dict[str, Place] = {}
        self._before = 0.0
        """Of runs that went on here, the shares that were made before."""

    @property
    def num_made(self) -> int:
        """How many runs are made: before, and here, be it as failures."""
        return self._num_done + self._num_ended

    def follow(self, place: Place, event: Event) -> None:
        """Take the time when the first training begins: until then torch is loaded."""
        if isinstance(event, RunStarted):
            self._began = self._began or time.monotonic()
            self._mine[event.run] = place
            self._before += event.resumed_at / event.num_steps if event.num_steps else 0.0
        elif isinstance(event, RunFinished):
            self._mine.pop(event.run, None)
            self._num_ended += event.outcome in COUNTED

    def under_way(self) -> list[History]:
        """Give the runs that are trained here."""
        return [self.board.histories[place] for place in list(self._mine.values())]

    @property
    def seconds_left(self) -> float | None:
        """Estimate how long the rest takes: from what was made, and before that from what was estimated."""
        if self._began is None:
            return self.estimate
        seconds = time.monotonic() - self._began
        parts = sum(h.step / h.num_steps for h in self.under_way() if h.num_steps)
        made = self._num_ended + parts - self._before
        if made < 0.2:
            return None if self.estimate is None else max(self.estimate - seconds, 0.0)
        return seconds / made * (self.board.num_runs - self.num_made - parts)

    @property
    def line(self) -> str:
        """Say how many runs have ended, and how long the rest takes."""
        said = f"{self.num_made:,}/{self.board.num_runs:,} runs"
        left = self.seconds_left
        if self._began is None:
            return f"{said}, starting; then about {roughly(left)}" if left else f"{said}, starting"
        return f"{said}, about {roughly(left)} left" if left else said


def place_line(history: History) -> str:
    """Say where a run is."""
    training = history.experiment.training
    now, planned = (
        (history.epoch, training.epochs) if history.unit == "epoch" else (history.step, history.num_steps)
    )
    place = f"{visible(history.arm, 60)} · seed {history.experiment.seed}: {history.unit} {now:,}/{planned:,}"
    metrics = history.last.metrics if history.last else {}
    name = default_metric(metrics)
    return f"{place}, {name} {metrics[name]:.4g}" if name in metrics else place
