from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from normlab.components.datasets import Count, Dataset, Outline, Samples

if TYPE_CHECKING:
    import numpy as np

Noise = Annotated[float, Field(ge=0, le=1e6)]


class NoisyLine(Dataset, frozen=True):
    """A straight line, seen through noise at a few points; what bends the fit is the noise.

    x = linspace(-1, 1, samples), y = slope * x + N(0, noise); validation on the same x with N(0, val_noise)

    Shape: (1,), values (N, 1). Drawn anew for each seed.
    """

    kind: Literal["noisy_line"] = "noisy_line"
    samples: Count = 10
    """Number of points to train on, and as many again to validate on."""
    slope: Annotated[float, Field(ge=-1e6, le=1e6)] = 1.5
    """Slope of the line, which goes through 0."""
    noise: Noise = 0.5
    """Deviation of the normal noise on the training values."""
    val_noise: Noise = 0.3
    """Deviation of the normal noise on the validation values."""

    def outline(self, folder: Path) -> Outline:
        return Outline((1,), "regression", num_classes=0, num_samples=self.samples, num_val=self.samples)

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np

        x = np.linspace(-1, 1, self.samples).reshape(-1, 1)
        y, val_y = (
            self.slope * x + random.normal(scale=noise, size=x.shape)
            for noise in (self.noise, self.val_noise)
        )
        val = Samples(x.astype("float32"), val_y.astype("float32"))
        return Samples(x.astype("float32"), y.astype("float32"), val)
