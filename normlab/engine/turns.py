"""What a run wants computed next, and computing it: together with runs of the same shape, or alone."""

import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from normlab.core.errors import DataError, Problem
from normlab.core.text import visible
from normlab.engine.evaluation import validate
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.trainer import Trainer
from normlab.stacked.captured import Captured, RefusedError, records
from normlab.stacked.net import Stack

T = TypeVar("T")

# Each keeps buffers: runs that are evaluated at different steps would come in ever new company.
_MAX_STACKS = 16


@dataclass(slots=True, eq=False)
class Turn:
    """One optimizer step of a run, and the evaluation that follows it where it is due."""

    trainer: Trainer
    watch: Stopwatch
    number: int
    """Of the step, counted from 0."""
    x: Tensor
    y: Tensor
    measures: bool
    metrics: dict[str, float] | None = None
    """What the evaluation gave, where one was due."""
    is_begun: bool = False
    """False while nothing of the run has been touched."""
    error: Exception | None = None
    """What has ended it before its end."""
    warning: str | None = None
    """What was odd about it."""

    @property
    def kind(self) -> Hashable:
        """Equal for turns that can be taken together; equal shapes are one object."""
        shape = self.trainer.shape
        return id(self if isinstance(shape, str) else shape), self.x.shape, self.measures


class Taker:
    """Takes turns. Nets that take theirs together stay stacked for the next ones."""

    def __init__(self) -> None:
        self._stacks: dict[tuple[Trainer, ...], Stack] = {}
        self._captures = True

    def forget(self) -> None:
        """Let go of the memory of nets that may not come again."""
        self._stacks.clear()

    def take(self, turns: Sequence[Turn]) -> None:
        """Take turns of one kind; where that fails, each of them has the error, but for validation samples
        that can't be read, which are one run's own.

        Each run's time is its share of what was computed together.
        """
        if not turns:
            return
        for turn in turns:
            turn.is_begun = True
        try:
            self._take(turns)
        except Exception as error:
            for turn in turns:
                turn.error = error

    def _take(self, turns: Sequence[Turn]) -> None:
        began = time.perf_counter()
        if isinstance(turns[0].trainer.shape, str):
            for turn in turns:
                turn.trainer.step(turn.number, turn.x, turn.y, turn.measures)
        else:
            self._step(turns)
        began = _share(turns, began)
        if not turns[0].measures:
            return
        seconds = [turn.watch.seconds for turn in turns]
        for group in groups(turns, lambda turn: turn.trainer.val_sizes or id(turn)):
            self._validate(group)
        _share(turns, began)
        for turn, then in zip(turns, seconds, strict=True):
            if turn.metrics is not None:
                turn.metrics = turn.trainer.measure(turn.metrics, then)

    @torch.inference_mode()
    def _step(self, turns: Sequence[Turn]) -> None:
        for turn, output in zip(turns, self._gradient(turns).unbind(), strict=True):
            turn.trainer.stepper.update(turn.number, turn.measures)
            turn.trainer.count(turn.number, turn.y, output)

    def _gradient(self, turns: Sequence[Turn]) -> Tensor:
        """Fill the gradients, and give the outputs; runs that can't be captured lose speed alone."""
        xs, ys = [turn.x for turn in turns], [turn.y for turn in turns]
        try:
            return self._stack(turns).gradient(xs, ys)
        except RefusedError as refused:
            reason = visible(str(refused).partition("\n")[0], 200)
        # From here on nothing holds what was to be captured, and its memory.
        self._captures = False
        del self._stacks[_key(turns)]
        rule = f"can't record steps as a CUDA graph ({reason})"
        remedy = "each operation is launched by itself, which takes longer"
        for turn in turns:
            turn.warning = str(Problem("device", rule, remedy))
        return self._stack(turns).gradient(xs, ys)

    def _validate(self, turns: Sequence[Turn]) -> None:
        """Measure validation samples: of runs whose batches are alike, or of one."""
        try:
            self._evaluate(turns)
            return
        except DataError as error:
            if len(turns) == 1:
                turns[0].error = error
                return
        # Whose they were isn't known here. Not within the handler: the error would keep alive what all read.
        for turn in turns:
            turn.trainer.val_tally.clear()
            self._validate([turn])

    def _evaluate(self, turns: Sequence[Turn]) -> None:
        trainers = [turn.trainer for turn in turns]
        if trainers[0].val_sizes is None:
            turns[0].metrics = trainers[0].validate()
            return
        tallies = [trainer.val_tally for trainer in trainers]
        validate(self._stack(turns), tallies, [trainer.val_chunks for trainer in trainers])
        for turn, tally in zip(turns, tallies, strict=True):
            turn.metrics = tally.take("val")

    def _stack(self, turns: Sequence[Turn]) -> Stack:
        key = _key(turns)
        if (found := self._stacks.get(key)) is None:
            if len(self._stacks) == _MAX_STACKS:
                self.forget()
            modules, criteria = zip(*((each.module, each.criterion) for each in key), strict=True)
            device = next(modules[0].parameters()).device
            kind = Captured if self._captures and records(device) else Stack
            found = self._stacks[key] = kind(modules, criteria)
        return found


def _key(turns: Sequence[Turn]) -> tuple[Trainer, ...]:
    return tuple(turn.trainer for turn in turns)


def _share(turns: Sequence[Turn], began: float) -> float:
    """Give each run an equal share of the time since `began`; give the time of now."""
    now = time.perf_counter()
    for turn in turns:
        turn.watch.add((now - began) / len(turns))
    return now


def groups(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Part items into those of equal key, in the order of the first of each."""
    items = list(items)
    if len(items) == 1:
        return [items]
    found: dict[Hashable, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return list(found.values())
