"""What a model answers over a line or a plane of inputs, for a picture of the fit."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from normlab.components.datasets import Samples
from normlab.engine.events import Probed, ProbeSamples
from normlab.engine.scaling import Array, Scale

# Inputs along each dimension: of a line, and of a plane.
_SIZES = {1: (101,), 2: (40, 40)}
_MAX_SAMPLES = 300
# Share of the data's range that a picture shows beyond it, on each side.
_MARGIN = 0.1


class Probe:
    """The inputs of a run's pictures and the samples on them, the same from picture to picture.

    They cover the range of all samples and a tenth more on each side, before the scale fault and
    standardisation; the model is asked with the same inputs, scaled as its data.
    """

    def __init__(
        self, train: Samples, val: Samples, scaled: Scale, num_classes: int | None, device: torch.device
    ) -> None:
        every = np.concatenate((train.x, val.x)).astype(np.float64)
        self.low, self.high = _range(every)
        self.sizes = _SIZES[every.shape[1]]
        with np.errstate(over="ignore"):  # what 32 bits can't hold is infinite, and so may be the answer
            inputs = scaled(_grid(self.low, self.high, self.sizes))
        self._inputs = torch.from_numpy(inputs).to(device)
        self._num_classes = num_classes
        self._untold: ProbeSamples | None = ProbeSamples(train=_pick(train), val=_pick(val))

    def look(self, run: str, epoch: int, step: int, answer: Callable[[Tensor], Tensor]) -> Probed:
        """Ask a model and tell what it says; `answer` gives the outputs (N, num_outputs) for inputs.

        The samples are told the first time.
        """
        output = answer(self._inputs)
        answers = output[:, 0] if self._num_classes is None else classes(output)
        samples, self._untold = self._untold, None
        return Probed(
            run=run,
            epoch=epoch,
            step=step,
            low=tuple(self.low.tolist()),
            high=tuple(self.high.tolist()),
            sizes=self.sizes,
            answers=tuple(answers.tolist()),
            num_classes=self._num_classes,
            samples=samples,
        )


def classes(output: Tensor) -> Tensor:
    """Tell the class of each sample's outputs, as a float; nan where one of them is nan.

    Shape: (N, num_outputs) -> (N,).

    >>> classes(torch.tensor([[0.0, 2.0], [3.0, float("nan")]])).tolist()
    [1.0, nan]
    """
    chosen = output[:, 0] > 0 if output.shape[1] == 1 else output.argmax(1)
    return chosen.float().masked_fill(output.isnan().any(1), torch.nan)


def _range(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    low, high = x.min(0), x.max(0)
    # Where all samples share a value, the picture is as wide as that value is large.
    spare = _MARGIN * np.where(high > low, high - low, np.maximum(1, np.abs(low)))
    largest = np.finfo(np.float32).max
    return np.maximum(low - spare, -largest), np.minimum(high + spare, largest)


def _grid(low: NDArray[np.float64], high: NDArray[np.float64], sizes: tuple[int, ...]) -> Array:
    """Space inputs evenly: (N, D), the first dimension fastest."""
    axes = [np.linspace(*ends) for ends in zip(low, high, sizes, strict=True)]
    return np.stack([axis.ravel() for axis in np.meshgrid(*axes)], axis=1).astype(np.float32)


def _pick(samples: Samples) -> tuple[tuple[float, ...], ...]:
    """Pick some samples at even distances: inputs, then the class or value."""
    count = len(samples.x)
    rows = np.linspace(0, count - 1, min(count, _MAX_SAMPLES)).round().astype(int)
    picked = np.column_stack((samples.x[rows], samples.y[rows]))
    return tuple(tuple(sample) for sample in picked.tolist())
