from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples

if TYPE_CHECKING:
    import numpy as np


class RandomLabels(Dataset, frozen=True):
    """Normal noise with labels that have nothing to do with it: they can be memorized, never learnt.

    x ~ N(0, 1), y ~ U{0, ..., classes - 1}

    Shape: (features,). Drawn anew for each seed.
    Source: Zhang et al. 2017, Understanding deep learning requires rethinking generalization,
    arXiv:1611.03530.
    """

    kind: Literal["random_labels"] = "random_labels"
    samples: Count = 1000
    """Number of samples."""
    features: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Number of values in a sample."""
    classes: Annotated[int, Field(ge=2, le=10_000)] = 2
    """Number of labels to draw from."""

    def outline(self, folder: Path) -> Outline:
        return Outline((self.features,), "classification", self.classes, self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        x = random.standard_normal((self.samples, self.features), dtype="float32")
        return Samples(x, random.integers(self.classes, size=self.samples))
