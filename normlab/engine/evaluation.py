"""Loss and score over many samples, gathered without asking the device for a number at each step."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from normlab.components.losses import Loss

# Batches that are kept until their scores are computed together: few large operations beat many small.
_FOLD_EVERY = 256
# Outputs that are kept at most: 16 MiB of float32, which a checkpoint amid an epoch has to hold.
_FOLD_VALUES = 2**22
# Values of one evaluation batch, the widest layer's counted: 64 MiB of float32.
_CHUNK_VALUES = 2**24


class Tally:
    """The sample-weighted mean loss and score of batches that come one by one."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self._batches: list[tuple[Tensor, Tensor, Tensor]] = []
        self._values = 0
        self._sums: Tensor | None = None
        self._count = 0

    def add(self, loss: Tensor, output: Tensor, target: Tensor) -> None:
        """Take in a batch: its mean loss (), outputs (N, O) and targets."""
        self._batches.append((loss.detach(), output.detach(), target))
        self._values += output.numel()
        if len(self._batches) == _FOLD_EVERY or self._values > _FOLD_VALUES:
            self._fold()

    def _fold(self) -> None:
        losses, outputs, targets = zip(*self._batches, strict=True)
        self._batches, self._values = [], 0
        counts = [len(target) for target in targets]
        if len(counts) == 1:
            loss, output, target = losses[0].float() * counts[0], outputs[0], targets[0]
        else:
            weights = torch.tensor(counts, dtype=torch.float32, device=losses[0].device)
            loss = (torch.stack(losses).float() * weights).sum()
            output, target = torch.cat(outputs), torch.cat(targets)
        measure = self.loss.measure(output.float(), target).sum(dtype=torch.float32)
        sums = (
            torch.stack((loss, measure)).double()
            if loss.device.type != "mps"
            else torch.stack((loss, measure))
        )
        self._sums = sums if self._sums is None else self._sums + sums
        self._count += sum(counts)

    def take(self, part: str) -> dict[str, float]:
        """Give the means since the last take, as {part}_loss and {part}_accuracy or {part}_rmse.

        Where the loss is nan, so is the score: the class that a nan output points at means nothing.
        """
        if self._batches:
            self._fold()
        assert self._sums is not None, "nothing was added"
        loss, measure = (self._sums / self._count).tolist()
        self._sums, self._count = None, 0
        score = math.nan if math.isnan(loss) else self.loss.score(measure)
        return {f"{part}_loss": loss, f"{part}_{self.loss.score_name}": score}

    def state(self) -> dict[str, Any]:
        """Give what was added since the last take, batches as they are: folded here, the sum would differ."""
        return {"batches": self._batches, "sums": self._sums, "count": self._count}

    def load(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Take up a state that `state` gave. Raises: ValueError when shapes show that it didn't."""
        batches: list[tuple[Tensor, Tensor, Tensor]] = state["batches"]
        self._batches = [(a.to(device), b.to(device), c.to(device)) for a, b, c in batches]
        if any(loss.shape or len(output) != len(target) for loss, output, target in self._batches):
            raise ValueError("a batch has one loss, and an output for each target")
        if state["sums"] is not None and state["sums"].shape != (2,):
            raise ValueError("there are two sums: of losses and of scores")
        self._values = sum(output.numel() for _, output, _ in self._batches)
        self._sums = None if state["sums"] is None else state["sums"].to(device)
        self._count = state["count"]


def chunks(x: Tensor, y: Tensor, widest: int) -> list[tuple[Tensor, Tensor]]:
    """Part samples into evaluation batches of about equal size, for layers of up to `widest` values."""
    parts = max(1, min(len(x), -(-len(x) * widest // _CHUNK_VALUES)))
    return list(zip(x.tensor_split(parts), y.tensor_split(parts), strict=True))


def set_training(layers: Iterable[nn.Module], training: bool) -> None:
    """Put layers into training or evaluation mode; `Module.train` costs 30 times as much on a small net."""
    for layer in layers:
        layer.__dict__["training"] = training
