from typing import TYPE_CHECKING, Literal

from normlab.components.datasets._torchvision import MNISTLike

if TYPE_CHECKING:
    from torchvision import datasets


class MNIST(MNISTLike, frozen=True):
    """Handwritten digits, 60,000 to train on and 10,000 to test.

    Shape: (1, 28, 28), values 0 to 1.
    Source: LeCun et al. 1998, Gradient-based learning applied to document recognition, Proc. IEEE 86.
    """

    kind: Literal["mnist"] = "mnist"

    def loader(self) -> "type[datasets.MNIST]":
        from torchvision import datasets

        return datasets.MNIST
