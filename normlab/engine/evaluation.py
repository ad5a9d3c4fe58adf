"""Loss and score over many samples, gathered without asking the device for a number at each step."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from normlab.components.losses import Loss
from normlab.stacked.net import Stack

# Batches that are kept until their scores are computed together: few large operations beat many small.
_FOLD_EVERY = 256
# Outputs that are kept at most: 16 MiB of float32, which a checkpoint amid an epoch has to hold.
_FOLD_VALUES = 2**22
# Values of one evaluation batch on a CPU, the widest layer's counted: 8 MiB of float32. Measured for CNNs,
# ResNet-18 and MLPs: the quickest, within 5 %. Ever smaller ones are bound by calls, and batches of 64 MiB by
# memory, which took two to three times as long in CNNs.
_CHUNK_VALUES = 2**21
# Elsewhere, where calls weigh more.
_DEVICE_CHUNK_VALUES = 2**24
# Of the expected calibration error, as in its source.
_NUM_BINS = 15


class Tally:
    """The sample-weighted mean loss and score of batches that come one by one.

    With `calibration`, for losses with an accuracy, the expected calibration error too.
    """

    def __init__(self, loss: Loss, calibration: bool = False) -> None:
        self.loss, self.calibration = loss, calibration
        self.clear()

    def clear(self) -> None:
        """Leave out all that was added since the last take."""
        self._batches: list[tuple[Tensor, Tensor]] = []
        self._values = 0
        self._sums: Tensor | None = None
        self._count = 0

    def add(self, output: Tensor, target: Tensor) -> None:
        """Take in a batch: its outputs (N, O) and targets."""
        self._batches.append((output.detach(), target))
        self._values += output.numel()
        if len(self._batches) == _FOLD_EVERY or self._values > _FOLD_VALUES:
            self._fold()

    def _fold(self) -> None:
        outputs, targets = zip(*self._batches, strict=True)
        self._batches, self._values = [], 0
        output, target = (each[0] if len(each) == 1 else torch.cat(each) for each in (outputs, targets))
        output, count = output.float(), len(target)
        measure = self.loss.measure(output, target)
        sums = torch.stack((self.loss.mean(output, target) * count, measure.sum(dtype=torch.float32)))
        if self.calibration:
            sums = torch.cat((sums, calibration_gaps(self.loss.confidence(output), measure)))
        sums = sums.double() if sums.device.type != "mps" else sums
        self._sums = sums if self._sums is None else self._sums + sums
        self._count += count

    def take(self, part: str) -> dict[str, float]:
        """Give the means since the last take, as {part}_loss and {part}_accuracy or {part}_rmse.

        With calibration there is {part}_ece too. Where the loss is nan, so are the others: the class that a
        nan output points at means nothing.
        """
        if self._batches:
            self._fold()
        assert self._sums is not None, "nothing was added"
        loss, measure, *gaps = (self._sums / self._count).tolist()
        self._sums, self._count = None, 0
        score = math.nan if math.isnan(loss) else self.loss.score(measure)
        metrics = {f"{part}_loss": loss, f"{part}_{self.loss.score_name}": score}
        if self.calibration:
            metrics[f"{part}_ece"] = math.nan if math.isnan(loss) else sum(map(abs, gaps))
        return metrics

    def state(self) -> dict[str, Any]:
        """Give what was added since the last take, batches as they are: folded here, the sum would differ."""
        return {"batches": self._batches, "sums": self._sums, "count": self._count}

    def load(self, state: Mapping[str, Any], device: torch.device) -> None:
        """Take up a state that `state` gave. Raises: ValueError when shapes show that it didn't."""
        batches: list[tuple[Tensor, Tensor]] = state["batches"]
        self._batches = [(output.to(device), target.to(device)) for output, target in batches]
        if any(len(output) != len(target) for output, target in self._batches):
            raise ValueError("a batch has an output for each target")
        if state["sums"] is not None and state["sums"].shape != (2,):  # of training, without calibration
            raise ValueError("there are two sums: of losses and of scores")
        self._values = sum(output.numel() for output, _ in self._batches)
        self._sums = None if state["sums"] is None else state["sums"].to(device)
        self._count = state["count"]


@torch.inference_mode()
def validate(
    stack: Stack, tallies: Sequence[Tally], pieces: Sequence[Iterable[tuple[Tensor, Tensor]]]
) -> None:
    """Add to each tally how a stack's nets answer to its batches, in evaluation mode."""
    for batch in zip(*pieces, strict=True):
        outputs = stack.outputs([x for x, _ in batch])
        for tally, (_, y), output in zip(tallies, batch, outputs.unbind(), strict=True):
            tally.add(output, y)


def calibration_gaps(confidence: Tensor, right: Tensor) -> Tensor:
    """Sum confidence - right over the samples of each of 15 equal bins of confidence.

    The expected calibration error of n samples is sum |gap| / n: in each bin, |mean confidence - accuracy|,
    weighted by the bin's share of the samples.

    Shape: (N,) of probabilities, (N,) of booleans -> (15,).
    Source: Naeini et al. 2015, AAAI; Guo et al. 2017, arXiv:1706.04599, equation 3.

    >>> gaps = calibration_gaps(torch.tensor([0.9, 0.9, 0.5]), torch.tensor([True, False, True]))
    >>> round(float(gaps.abs().sum() / 3), 4)  # (|1.8 - 1| + |0.5 - 1|) / 3
    0.4333
    """
    bins = (confidence * _NUM_BINS).ceil().long().clamp(1, _NUM_BINS) - 1
    # A product, for index_add_ sums in any order on a GPU.
    return (confidence - right.float()) @ nn.functional.one_hot(bins, _NUM_BINS).float()


def chunks(x: Tensor, y: Tensor, widest: int, at_least: int = 1) -> list[tuple[Tensor, Tensor]]:
    """Part samples into evaluation batches of about equal size, for layers of up to `widest` values.

    There are `at_least` so many.
    """
    bound = _CHUNK_VALUES if y.is_cpu else _DEVICE_CHUNK_VALUES
    parts = max(at_least, min(len(x), -(-len(x) * widest // bound)))
    return list(zip(x.tensor_split(parts), y.tensor_split(parts), strict=True))


def set_training(layers: Iterable[nn.Module], training: bool) -> None:
    """Put layers into training or evaluation mode; `Module.train` costs 30 times as much on a small net."""
    for layer in layers:
        layer.__dict__["training"] = training
