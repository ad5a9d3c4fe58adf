import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples

if TYPE_CHECKING:
    import numpy as np


class Spirals(Dataset, frozen=True):
    """Classes on the arms of a spiral that turn around each other; no set of straight lines parts them well.

    x = r * (cos a, sin a) + N(0, noise), r ~ U(0, 1), a = 2 * pi * (turns * r + class / classes)

    Shape: (2,). Drawn anew for each seed; the classes are equally large, give or take one.
    """

    kind: Literal["spirals"] = "spirals"
    samples: Count = 2000
    """Number of points, all classes together."""
    classes: Annotated[int, Field(ge=2, le=100)] = 3
    """Number of arms."""
    turns: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Times that an arm goes around the centre."""
    noise: Annotated[float, Field(ge=0, le=100)] = 0.02
    """Deviation of the normal noise on each coordinate; the outer radius is 1."""

    def outline(self, folder: Path) -> Outline:
        return Outline((2,), "classification", num_classes=self.classes, num_samples=self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np

        y = random.permutation(np.arange(self.samples) % self.classes)
        radius = random.uniform(size=self.samples)
        angle = 2 * math.pi * (self.turns * radius + y / self.classes)
        x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
        x += random.normal(scale=self.noise, size=x.shape)
        return Samples(x.astype("float32"), y.astype("int64"))
