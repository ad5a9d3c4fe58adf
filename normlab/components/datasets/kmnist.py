from typing import TYPE_CHECKING, Literal

from normlab.components.datasets._torchvision import MNISTLike

if TYPE_CHECKING:
    from torchvision import datasets


class KMNIST(MNISTLike, frozen=True):
    """Ten characters of cursive Japanese, 60,000 to train on and 10,000 to test.

    Shape: (1, 28, 28), values 0 to 1.
    Source: Clanuwat et al. 2018, Deep learning for classical Japanese literature, arXiv:1812.01718.
    """

    kind: Literal["kmnist"] = "kmnist"

    def loader(self) -> "type[datasets.MNIST]":
        from torchvision import datasets

        return datasets.KMNIST
