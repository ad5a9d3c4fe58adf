import warnings
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.datasets._download import Remote, has_md5
from normlab.components.datasets._torchvision import TorchvisionImages

if TYPE_CHECKING:
    from normlab.components.datasets._torchvision import Loaded


class CIFAR10(TorchvisionImages, frozen=True):
    """Small colour photographs of ten things, 50,000 to train on and 10,000 to test.

    Shape: (3, 32, 32), values 0 to 1.
    Source: Krizhevsky 2009, Learning multiple layers of features from tiny images.
    """

    shape: ClassVar[tuple[int, int, int]] = (3, 32, 32)
    num_stored: ClassVar[int] = 50_000

    kind: Literal["cifar10"] = "cifar10"

    def sources(self, folder: Path) -> dict[Path, Remote]:
        from torchvision import datasets

        loader = datasets.CIFAR10
        archive = Remote(folder / loader.filename, (loader.url,), loader.tgz_md5)
        return dict.fromkeys((folder / loader.base_folder / name for name in self._md5s()), archive)

    def is_sound(self, file: Path) -> bool:
        return has_md5(file, self._md5s()[file.name])

    def _md5s(self) -> dict[str, str]:
        from torchvision import datasets

        loader = datasets.CIFAR10
        batches = dict[str, str](loader.train_list + loader.test_list)
        return batches | {loader.meta["filename"]: loader.meta["md5"]}

    def load(self, folder: Path, train: bool) -> "Loaded":
        import numpy as np
        from torchvision import datasets

        with warnings.catch_warnings():
            # NumPy 2.4.0 to 2.4.3 warn of how the files, pickled by Python 2, write a type.
            warnings.filterwarnings("ignore", r"dtype\(\): align should be passed")
            stored = datasets.CIFAR10(folder, train=train)
        return stored.data.transpose(0, 3, 1, 2), np.array(stored.targets)
