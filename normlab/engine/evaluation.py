"""Loss and score over many samples, gathered without asking the device for a number at each step."""

import math

import torch
from torch import Tensor, nn

from normlab.components.losses import Loss

# Batches that are kept until their scores are computed together: few large operations beat many small.
_FOLD_EVERY = 256
# Values of one evaluation batch, the widest layer's counted: 64 MiB of float32.
_CHUNK_VALUES = 2**24


class Tally:
    """The sample-weighted mean loss and score of batches that come one by one."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self._batches: list[tuple[Tensor, Tensor, Tensor]] = []
        self._sums: Tensor | None = None
        self._count = 0

    def add(self, loss: Tensor, output: Tensor, target: Tensor) -> None:
        """Take in a batch: its mean loss (), outputs (N, O) and targets."""
        self._batches.append((loss.detach(), output.detach(), target))
        if len(self._batches) == _FOLD_EVERY:
            self._fold()

    def _fold(self) -> None:
        losses, outputs, targets = zip(*self._batches, strict=True)
        self._batches = []
        counts = [len(target) for target in targets]
        weights = torch.tensor(counts, dtype=torch.float32, device=losses[0].device)
        loss = (torch.stack(losses).float() * weights).sum()
        measure = self.loss.measure(torch.cat(outputs).float(), torch.cat(targets)).float().sum()
        sums = (
            torch.stack((loss, measure)).double()
            if loss.device.type != "mps"
            else torch.stack((loss, measure))
        )
        self._sums = sums if self._sums is None else self._sums + sums
        self._count += sum(counts)

    def take(self, part: str) -> dict[str, float]:
        """Give the means since the last take, as {part}_loss and {part}_accuracy or {part}_rmse."""
        if self._batches:
            self._fold()
        assert self._sums is not None, "nothing was added"
        loss, measure = (self._sums / self._count).tolist()
        self._sums, self._count = None, 0
        name = self.loss.score_name
        return {f"{part}_loss": loss, f"{part}_{name}": math.sqrt(measure) if name == "rmse" else measure}


@torch.inference_mode()
def evaluate(module: nn.Module, criterion: nn.Module, tally: Tally, x: Tensor, y: Tensor, chunk: int) -> None:
    """Run the module in evaluation mode over all samples, `chunk` at most at a time, and add them to the tally."""
    module.eval()
    parts = -(-len(x) // chunk)
    for inputs, targets in zip(x.tensor_split(parts), y.tensor_split(parts), strict=True):
        output = module(inputs)
        tally.add(criterion(output, targets), output, targets)
    module.train()


def chunk_size(widest: int) -> int:
    """Choose the samples of one evaluation batch for a model whose widest layer has that many values."""
    return max(1, _CHUNK_VALUES // max(1, widest))
