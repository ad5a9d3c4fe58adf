from typing import TYPE_CHECKING, Literal

from normlab.components.inits import Init, Scale, zero_bias

if TYPE_CHECKING:
    from torch import nn


class Xavier(Init, frozen=True):
    """Mean 0 and variance 2 * gain^2 / (fan_in + fan_out), bias = 0.

    A compromise between the variance of activations forward and of gradients backward, for activations
    that are near the identity around 0, as tanh.

    Source: Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward neural networks,
    AISTATS, equations 12 and 16; the gain is torch's addition.
    """

    kind: Literal["xavier"] = "xavier"
    distribution: Literal["uniform", "normal"] = "uniform"
    """Shape of the distribution, of the same variance."""
    gain: Scale = 1.0
    """Factor on the deviation: 5/3 suits tanh, sqrt(2) suits ReLU."""

    def build(self, layer: "nn.Linear | nn.Conv2d") -> None:
        from torch.nn import init

        fill = init.xavier_uniform_ if self.distribution == "uniform" else init.xavier_normal_
        fill(layer.weight, self.gain)
        zero_bias(layer)
