from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.datasets import Samples, Standardize
from normlab.components.datasets._stored import StoredImages

if TYPE_CHECKING:
    import numpy as np


class Digits(StoredImages, frozen=True):
    """1,797 handwritten digits of 8x8 pixels, which come with scikit-learn: nothing is downloaded.

    Shape: (1, 8, 8), values 0 to 16.
    Source: Alpaydin & Kaynak 1998, Optical recognition of handwritten digits, UCI repository, its test set.
    """

    shape: ClassVar[tuple[int, int, int]] = (1, 8, 8)
    num_stored: ClassVar[int] = 1797

    kind: Literal["digits"] = "digits"
    standardize: Standardize = "feature"

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        import numpy as np
        from sklearn.datasets import load_digits

        x, y = load_digits(return_X_y=True)
        images = np.asarray(x, "float32").reshape(-1, *self.shape)
        return Samples(images[: self.samples], np.asarray(y, "int64")[: self.samples])
