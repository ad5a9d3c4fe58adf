from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples

if TYPE_CHECKING:
    import numpy as np


class Circles(Dataset, frozen=True):
    """Two classes on two circles around the same centre; a straight line can't part them.

    Shape: (2,). Drawn anew for each seed.
    Source: scikit-learn, make_circles.
    """

    kind: Literal["circles"] = "circles"
    samples: Count = 2000
    """Number of points, both classes together."""
    noise: Annotated[float, Field(ge=0, le=100)] = 0.1
    """Deviation of the normal noise on each coordinate; the outer radius is 1."""
    factor: Annotated[float, Field(ge=0, lt=1)] = 0.4
    """Radius of the inner circle."""

    def outline(self, folder: Path) -> Outline:
        return Outline(shape=(2,), task="classification", num_classes=2, num_samples=self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np
        from sklearn.datasets import make_circles

        state = int(random.integers(2**32))
        x, y = make_circles(self.samples, noise=self.noise, factor=self.factor, random_state=state)
        return Samples(np.asarray(x, "float32"), np.asarray(y, "int64"))
