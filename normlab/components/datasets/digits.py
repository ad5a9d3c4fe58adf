from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.datasets import Samples, Standardize
from normlab.components.datasets._stored import StoredImages

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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

        rows = _rows()
        images = rows[:, :-1].copy().reshape(-1, *self.shape)
        return Samples(images[: self.samples], rows[:, -1].astype(np.int64)[: self.samples])


@cache  # half a megabyte, of which every run has a copy: to read it takes longer than to build a net
def _rows() -> "NDArray[np.float32]":
    """Read scikit-learn's file: 64 pixels and the digit in each row. To import it takes over a second."""
    import numpy as np

    package = find_spec("sklearn")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if path.is_file():
        return np.loadtxt(path, np.float32, delimiter=",")
    from sklearn.datasets import load_digits  # which knows where else it lies

    x, y = load_digits(return_X_y=True)
    return np.column_stack((x, y)).astype(np.float32)
