from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from normlab.components.parametrizations import Parametrization

if TYPE_CHECKING:
    from torch import nn


class SpectralNorm(Parametrization, frozen=True):
    """Divide the weight by its largest singular value, so that a linear layer stretches no input.

    W = V / sigma(V), with sigma estimated by power iteration on a pair of vectors that are kept from step
    to step, drawn from the layer's init stream and brought near by 15 iterations at the start.

    A convolution can still stretch, up to the side of its kernel: what is bounded is the kernel as a matrix.

    Source: Miyato et al. 2018, Spectral Normalization for GANs, arXiv:1802.05957, algorithm 1.
    """

    kind: Literal["spectral_norm"] = "spectral_norm"
    divides_by_size: ClassVar[bool] = True

    iterations: Annotated[int, Field(ge=1, le=100)] = 1
    """Power iterations in each training pass."""

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn.utils.parametrizations import spectral_norm

        spectral_norm(layer, n_power_iterations=self.iterations)
