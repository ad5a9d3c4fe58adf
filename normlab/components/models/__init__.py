"""Models: how layers are put together. A plan in plain data comes first; the torch module follows it."""

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from normlab.components.activations import Activation
from normlab.components.dropouts import Dropout
from normlab.components.inits import Init
from normlab.components.norms import Norm
from normlab.components.parametrizations import Parametrization
from normlab.core.choice import OneOf, Part, default
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn

Op = Literal[
    "linear", "conv", "norm", "activation", "dropout", "flatten", "max_pool", "average_pool", "average"
]
Width = Annotated[int, Field(ge=1, le=100_000)]
Depth = Annotated[int, Field(ge=1, le=10_000)]


def _read_sizes(value: object) -> object:
    """Let sizes be written as a list, as "64, 32", or as depth x width: "10x500"."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value,)
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str):
        depth, cross, width = value.partition("x")
        try:
            if cross and int(depth) >= 1:
                return (int(width),) * min(int(depth), 10_001)
            return tuple(int(size) for size in value.split(","))
        except ValueError:
            raise ValueError('must be sizes; write [64, 32], or "10x500" for ten layers of 500') from None
    return value


Sizes = Annotated[tuple[Width, ...], Field(max_length=10_000), BeforeValidator(_read_sizes)]
"""Widths of layers, one after the other."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a plan. Shapes leave the batch out."""

    path: str
    """Name in the torch module, by which its random streams are keyed too."""
    op: Op
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    bias: bool = False
    kernel: int = 1
    stride: int = 1


class Model(Part, frozen=True):
    """A model, configured."""

    head: ClassVar[str] = "head"
    """Path of the last layer, which no parametrization touches."""
    takes_branch_dropout: ClassVar[bool] = False
    """True where dropouts that act on residual branches have their place."""
    bias_is_a_choice: ClassVar[bool] = False
    """True where the setting `bias` can leave out the biases of hidden layers."""

    norm: Annotated[Norm, OneOf()] = default(Norm, "none")
    """The normalization after each hidden layer."""
    dropout: Annotated[Dropout, OneOf()] = default(Dropout, "none")
    """The dropout of the hidden layers."""
    activation: Annotated[Activation, OneOf()] = default(Activation, "relu")
    """The non-linearity after each hidden layer."""
    init: Annotated[Init, OneOf()] = default(Init, "default")
    """How linear and convolution layers start."""
    parametrization: Annotated[Parametrization, OneOf()] = default(Parametrization, "none")
    """What acts on the weights of the hidden layers."""

    @abstractmethod
    def plan(self, inputs: tuple[int, ...], num_outputs: int) -> Iterator[Layer]:
        """Yield the layers in the order of the forward pass, for samples of shape `inputs`."""

    def build(self, inputs: tuple[int, ...], num_outputs: int) -> "nn.Module":
        """Build the torch module that the plan describes: (N, *inputs) -> (N, num_outputs)."""
        from normlab.layers.tree import nest

        return nest((layer.path, self.build_layer(layer)) for layer in self.plan(inputs, num_outputs))

    def build_layer(self, layer: Layer) -> "nn.Module":
        """Build one layer of the plan."""
        from torch import nn

        i, o = layer.inputs, layer.outputs
        makers: dict[Op, Callable[[], nn.Module]] = {
            "linear": lambda: nn.Linear(i[0], o[0], bias=layer.bias),
            "conv": lambda: nn.Conv2d(
                i[0], o[0], layer.kernel, layer.stride, padding=layer.kernel // 2, bias=layer.bias
            ),
            "norm": lambda: self.norm.build(i),
            "activation": lambda: self.activation.build(),
            "dropout": lambda: self.dropout.build(i),
            "flatten": lambda: nn.Flatten(),
            "max_pool": lambda: nn.MaxPool2d(layer.kernel, layer.stride, padding=(layer.kernel - 1) // 2),
            "average_pool": lambda: nn.AvgPool2d(layer.kernel, layer.stride),
            # The adaptive pool's gradient takes 2.5 times as long on channels-last maps.
            "average": lambda: nn.Sequential(nn.AvgPool2d((i[1], i[2])), nn.Flatten()),
        }
        return makers[layer.op]()

    def num_parameters(self, layer: Layer) -> int:
        """Count the trainable numbers of one layer of the plan."""
        if layer.op == "norm":
            return self.norm.num_parameters(layer.inputs)
        if layer.op not in ("linear", "conv"):
            return 0
        outputs = layer.outputs[0]
        own = layer.inputs[0] * outputs * layer.kernel**2 + outputs * layer.bias
        return own if layer.path == self.head else own + self.parametrization.extra_parameters(outputs)

    def problems(self, inputs: tuple[int, ...], path: str) -> Iterator[Problem]:
        """Yield what keeps this model from taking samples of that shape; `path` is its place."""
        if self.dropout.on_branch and not self.takes_branch_dropout:
            remedy = "use model.dropout.kind = dropout, or model.kind = residual_mlp"
            yield Problem(
                f"{path}.dropout.kind",
                f"acts on residual branches, and has no place in {self.kind}",
                remedy,
                self.dropout.kind,
            )

        if self.init.all_zero and self.parametrization.divides_by_size:
            rule = f"gives {self.parametrization.kind} weights of 0, by whose size it divides"
            yield Problem(f"{path}.init.kind", rule, "use another init", self.init.kind)


class StackedModel(Model, frozen=True):
    """A model of equal blocks: a linear or convolution layer, then norm, activation and dropout."""

    bias_is_a_choice: ClassVar[bool] = True

    norm_placement: Literal["before_activation", "after_activation"] = "before_activation"
    """Where the norm stands."""
    dropout_placement: Literal["after_activation", "before_norm", "before_head"] = "after_activation"
    """Where the dropout stands: in each block, or once in front of the last layer."""
    bias: bool = True
    """Give the hidden linear and convolution layers a bias."""
    head_norm: bool = False
    """Put the norm behind the last layer too, which then has no bias; without a norm it changes nothing. With
    batch norm, no affine weights and no biases, no weight's size matters any more."""

    def block(self, name: str, first: Layer, last: bool) -> Iterator[Layer]:
        """Yield a block's layers: `first`, then what stands behind it; `last` marks the last block."""
        order: list[Op] = ["norm", "activation"]
        if self.norm_placement == "after_activation":
            order.reverse()
        match self.dropout_placement:
            case "after_activation":
                order.insert(order.index("activation") + 1, "dropout")
            case "before_norm":
                order.insert(order.index("norm"), "dropout")
            case "before_head" if last:
                order.append("dropout")
            case _:
                pass
        yield first
        for op in order:
            yield Layer(f"{name}.{op}", op, first.outputs, first.outputs)

    def linear_stack(
        self, inputs: tuple[int, ...], sizes: tuple[int, ...], num_outputs: int
    ) -> Iterator[Layer]:
        """Yield a chain of fully connected blocks of those sizes, and the head."""
        width = math.prod(inputs)
        if len(inputs) > 1:
            yield Layer("flatten", "flatten", inputs, (width,))
        for index, size in enumerate(sizes):
            name = f"blocks.{index}"
            linear = Layer(f"{name}.linear", "linear", (width,), (size,), self.bias)
            yield from self.block(name, linear, last=index == len(sizes) - 1)
            width = size
        yield from self.head_layers(width, num_outputs)

    def head_layers(self, width: int, num_outputs: int) -> Iterator[Layer]:
        """Yield the last layer, and the norm behind it where it is wanted."""
        outputs = (num_outputs,)
        normed = self.head_norm and self.norm.kind != "none"
        yield Layer("head", "linear", (width,), outputs, bias=not normed)
        if normed:
            yield Layer("head_norm", "norm", outputs, outputs)


def needs_images(inputs: tuple[int, ...], kind: str, path: str) -> Iterator[Problem]:
    """Yield a problem unless samples of shape `inputs` are images (C, H, W)."""
    if len(inputs) != 3:
        rule = f"takes images, and these samples are vectors of {math.prod(inputs)}"
        yield Problem(f"{path}.kind", rule, "use model.kind = mlp, or a data set of images", kind)
