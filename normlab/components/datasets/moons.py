from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples

if TYPE_CHECKING:
    import numpy as np


class Moons(Dataset, frozen=True):
    """Two classes on two half circles that reach into each other; a straight line can't part them.

    Shape: (2,). Drawn anew for each seed.
    Source: scikit-learn, make_moons.
    """

    kind: Literal["moons"] = "moons"
    samples: Count = 2000
    """Number of points, both classes together."""
    noise: Annotated[float, Field(ge=0, le=100)] = 0.1
    """Deviation of the normal noise on each coordinate; the half circles have radius 1."""

    def outline(self, folder: Path) -> Outline:
        return Outline(shape=(2,), task="classification", num_classes=2, num_samples=self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np
        from sklearn.datasets import make_moons

        x, y = make_moons(self.samples, noise=self.noise, random_state=int(random.integers(2**32)))
        return Samples(np.asarray(x, "float32"), np.asarray(y, "int64"))
