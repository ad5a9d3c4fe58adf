"""Image sets that torchvision knows: its addresses and checksums, its layout of files, its loaders."""

import os
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, ClassVar

from normlab.components.datasets import Fetched, Outline, Samples, Standardize
from normlab.components.datasets._download import Remote, download
from normlab.components.datasets._stored import StoredImages
from normlab.core.errors import DataError, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torchvision import datasets

    Loaded = tuple[NDArray[np.uint8], NDArray[np.int64]]


class TorchvisionImages(StoredImages, frozen=True):
    """Images that torchvision loads, in the folder layout that it expects."""

    num_test: ClassVar[int] = 10_000
    """Images in the official test set."""

    use_test_set: bool = True
    """Validate on the official test set; false splits the validation samples off the training set."""
    standardize: Standardize = "channel"

    @abstractmethod
    def sources(self, folder: Path) -> dict[Path, Remote]:
        """Map each file that `load` needs to its download: the file itself, or an archive that holds it."""

    @abstractmethod
    def is_sound(self, file: Path) -> bool:
        """Tell whether a file that `load` needs is as it was published."""

    @abstractmethod
    def load(self, folder: Path, train: bool) -> "Loaded":
        """Load the training or the test set: (N, C, H, W) with values 0 to 255, and (N,)."""

    def outline(self, folder: Path) -> Outline:
        return replace(super().outline(folder), num_val=self.num_test if self.use_test_set else 0)

    def fetch(self, folder: Path) -> Iterator[Fetched]:
        sources = self.sources(folder)
        missing = dict.fromkeys(remote for file, remote in sources.items() if not file.exists())
        yield from download(missing)
        for remote in missing:
            if remote.path in sources:
                continue
            try:
                _unpack(remote.path, [file for file in sources if sources[file] == remote])
            except OSError as error:
                rule = f"can't be unpacked ({error.strerror or error})"
                remedy = f"make room in {remote.path.parent}, or choose another folder with NORMLAB_HOME"
                raise DataError(Problem(str(remote.path), rule, remedy)) from error

    def read(self, folder: Path, random: "np.random.Generator") -> Samples:
        for file in self.sources(folder):
            if not file.exists():
                remedy = "run again where there is a network, to download it"
                raise DataError(Problem(str(file), "is missing", remedy))
            if not self.is_sound(file):
                raise DataError(Problem(str(file), "is damaged", "delete it and run again"))
        val = self._samples(folder, train=False) if self.use_test_set else None
        return replace(self._samples(folder, train=True, limit=self.samples), val=val)

    def _samples(self, folder: Path, train: bool, limit: int | None = None) -> Samples:
        x, y = self.load(folder, train)
        scaled = x[:limit].astype("float32", order="C")
        scaled /= 255
        return Samples(scaled, y[:limit])


def _unpack(archive: Path, files: list[Path]) -> None:
    """Put each file in its place only when it is whole: its presence says that it is done."""
    from torchvision.datasets.utils import extract_archive

    folder = archive.parent
    with TemporaryDirectory(dir=folder, prefix=f"{archive.name}.") as unpacked:
        extract_archive(str(archive), unpacked)
        for file in files:
            file.parent.mkdir(exist_ok=True)
            os.replace(unpacked / file.relative_to(folder), file)


class MNISTLike(TorchvisionImages, frozen=True):
    """Images in the files of MNIST, which many sets imitate: 28x28 grey pixels."""

    shape: ClassVar[tuple[int, int, int]] = (1, 28, 28)
    num_stored: ClassVar[int] = 60_000

    @abstractmethod
    def loader(self) -> "type[datasets.MNIST]":
        """Name torchvision's class."""

    def sources(self, folder: Path) -> dict[Path, Remote]:
        loader = self.loader()
        raw = folder / loader.__name__ / "raw"
        return {
            raw / name.removesuffix(".gz"): Remote(
                raw / name, tuple(f"{m}{name}" for m in loader.mirrors), md5
            )
            for name, md5 in loader.resources
        }

    def is_sound(self, file: Path) -> bool:
        # Checksums are known of the archives only: here the header must be right, and the size fit it.
        content = file.read_bytes()
        count = self.num_stored if file.name.startswith("train") else self.num_test
        if "labels" in file.name:
            header, size = (2049, count), count
        else:
            header, size = (2051, count, *self.shape[1:]), count * self.shape[1] * self.shape[2]
        start = b"".join(number.to_bytes(4, "big") for number in header)
        labels_fit = len(header) > 2 or max(content[len(start) :], default=0) < self.num_classes
        return content.startswith(start) and len(content) == len(start) + size and labels_fit

    def load(self, folder: Path, train: bool) -> "Loaded":
        stored = self.loader()(folder, train=train)
        return stored.data.numpy()[:, None], stored.targets.numpy()
