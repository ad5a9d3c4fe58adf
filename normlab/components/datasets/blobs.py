from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples

if TYPE_CHECKING:
    import numpy as np


class Blobs(Dataset, frozen=True):
    """Classes as round clouds of normal noise around centres drawn from U(-10, 10).

    Shape: (features,). Drawn anew for each seed, the centres too.
    Source: scikit-learn, make_blobs.
    """

    kind: Literal["blobs"] = "blobs"
    samples: Count = 2000
    """Number of points, all classes together."""
    features: Annotated[int, Field(ge=1, le=100_000)] = 2
    """Number of coordinates."""
    classes: Annotated[int, Field(ge=2, le=10_000)] = 3
    """Number of clouds."""
    spread: Annotated[float, Field(ge=0, le=1000)] = 1.0
    """Deviation of each cloud, along each coordinate."""

    def outline(self, folder: Path) -> Outline:
        return Outline((self.features,), "classification", self.classes, self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np
        from sklearn.datasets import make_blobs

        state = int(random.integers(2**32))
        x, y, *_ = make_blobs(
            self.samples, self.features, centers=self.classes, cluster_std=self.spread, random_state=state
        )
        return Samples(np.asarray(x, "float32"), np.asarray(y, "int64"))
