from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from normlab.components.models import Layer, Model, needs_images
from normlab.core.errors import Problem

if TYPE_CHECKING:
    from torch import nn


class ResNet18(Model, frozen=True):
    """ResNet-18 of torchvision, untrained, with any norm in the place of its batch norms.

    Every norm, activation, dropout and init of the lab takes part; the dropout stands once, in front
    of the last layer. Convolutions have no bias, as in the original, also where the norm is "none".

    Shape: (N, C, H, W) -> (N, outputs).
    Source: He et al. 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385, table 1.
    """

    kind: Literal["resnet18"] = "resnet18"
    head: ClassVar[str] = "fc"

    stem: Literal["small", "imagenet"] = "small"
    """First layers: a 3x3 convolution for images of up to about 64 pixels, or the original 7x7 of stride 2
    with max pooling."""

    def plan(self, inputs: tuple[int, ...], num_outputs: int) -> Iterator[Layer]:
        small = self.stem == "small"
        kernel, stride = (3, 1) if small else (7, 2)
        maps = (64, *(_shrink(side, stride) for side in inputs[1:]))
        yield Layer("conv1", "conv", inputs, maps, kernel=kernel, stride=stride)
        yield Layer("bn1", "norm", maps, maps)
        yield Layer("relu", "activation", maps, maps)
        if not small:
            pooled = (64, *(_shrink(side, 2) for side in maps[1:]))
            yield Layer("maxpool", "max_pool", maps, pooled, kernel=3, stride=2)
            maps = pooled
        for stage, channels in enumerate((64, 128, 256, 512), start=1):
            for index in range(2):
                stride = 2 if stage > 1 and index == 0 else 1
                outputs = (channels, *(_shrink(side, stride) for side in maps[1:]))
                yield from _basic_block(f"layer{stage}.{index}", maps, outputs, stride)
                maps = outputs
        yield Layer("avgpool.0", "average", maps, maps[:1])
        yield Layer("avgpool.1", "dropout", maps[:1], maps[:1])
        yield Layer("fc", "linear", maps[:1], (num_outputs,), bias=True)

    def build(self, inputs: tuple[int, ...], num_outputs: int) -> "nn.Module":
        from torch import nn
        from torchvision.models import resnet18

        module = resnet18(norm_layer=nn.Identity, num_classes=num_outputs)
        module.set_submodule("avgpool", nn.Sequential(nn.Identity(), nn.Identity()))
        if self.stem == "small":
            module.set_submodule("maxpool", nn.Identity())
        for layer in self.plan(inputs, num_outputs):
            if layer.op not in ("conv", "linear") or layer.path == "conv1":
                module.set_submodule(layer.path, self.build_layer(layer))
        return module

    def problems(self, inputs: tuple[int, ...], path: str) -> Iterator[Problem]:
        yield from super().problems(inputs, path)
        yield from needs_images(inputs, self.kind, path)


def _shrink(side: int, stride: int) -> int:
    return -(-side // stride)


def _basic_block(
    name: str, inputs: tuple[int, ...], outputs: tuple[int, ...], stride: int
) -> Iterator[Layer]:
    yield Layer(f"{name}.conv1", "conv", inputs, outputs, kernel=3, stride=stride)
    yield Layer(f"{name}.bn1", "norm", outputs, outputs)
    yield Layer(f"{name}.relu", "activation", outputs, outputs)
    yield Layer(f"{name}.conv2", "conv", outputs, outputs, kernel=3)
    yield Layer(f"{name}.bn2", "norm", outputs, outputs)
    if inputs != outputs:
        yield Layer(f"{name}.downsample.0", "conv", inputs, outputs, stride=stride)
        yield Layer(f"{name}.downsample.1", "norm", outputs, outputs)
