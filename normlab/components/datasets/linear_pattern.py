from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples

if TYPE_CHECKING:
    import numpy as np


class LinearPattern(Dataset, frozen=True):
    """Normal noise on two sides of a plane: a single linear layer can learn it.

    x ~ N(0, 1), y = 1 where sum(x) > 0, else 0

    Shape: (features,). Drawn anew for each seed.
    """

    kind: Literal["linear_pattern"] = "linear_pattern"
    samples: Count = 2000
    """Number of samples."""
    features: Annotated[int, Field(ge=1, le=100_000)] = 10
    """Number of values in a sample."""

    def outline(self, folder: Path) -> Outline:
        return Outline((self.features,), "classification", num_classes=2, num_samples=self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        x = random.standard_normal((self.samples, self.features), dtype="float32")
        return Samples(x, (x.sum(axis=1) > 0).astype("int64"))
