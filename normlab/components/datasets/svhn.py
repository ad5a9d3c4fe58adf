from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.datasets._download import Remote, has_md5
from normlab.components.datasets._torchvision import TorchvisionImages

if TYPE_CHECKING:
    from normlab.components.datasets._torchvision import Loaded


class SVHN(TorchvisionImages, frozen=True):
    """House numbers, photographed from the street: 73,257 digits to train on and 26,032 to test.

    Shape: (3, 32, 32), values 0 to 1.
    Source: Netzer et al. 2011, Reading digits in natural images with unsupervised feature learning.
    """

    shape: ClassVar[tuple[int, int, int]] = (3, 32, 32)
    num_stored: ClassVar[int] = 73_257
    num_test: ClassVar[int] = 26_032

    kind: Literal["svhn"] = "svhn"

    def sources(self, folder: Path) -> dict[Path, Remote]:
        from torchvision import datasets

        splits = [datasets.SVHN.split_list[split] for split in ("train", "test")[: 1 + self.use_test_set]]
        return {folder / name: Remote(folder / name, (url,), md5) for url, name, md5 in splits}

    def is_sound(self, file: Path) -> bool:
        return has_md5(file, self.sources(file.parent)[file].md5)

    def load(self, folder: Path, train: bool) -> "Loaded":
        from torchvision import datasets

        stored = datasets.SVHN(folder, split="train" if train else "test")
        return stored.data, stored.labels
