from typing import TYPE_CHECKING, Literal

from normlab.components.datasets._torchvision import MNISTLike

if TYPE_CHECKING:
    from torchvision import datasets


class FashionMNIST(MNISTLike, frozen=True):
    """Photographs of ten sorts of clothing, 60,000 to train on and 10,000 to test.

    Shape: (1, 28, 28), values 0 to 1.
    Source: Xiao, Rasul & Vollgraf 2017, Fashion-MNIST, arXiv:1708.07747.
    """

    kind: Literal["fashion_mnist"] = "fashion_mnist"

    def loader(self) -> "type[datasets.MNIST]":
        from torchvision import datasets

        return datasets.FashionMNIST
