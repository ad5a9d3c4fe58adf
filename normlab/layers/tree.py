"""Nets put together from a flat list of named layers."""

from collections.abc import Iterable, Iterator

from torch import Tensor, nn


class Residual(nn.Sequential):
    """A branch beside the identity: y = x + f(x)."""

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return x + super().forward(x)


class Chain(nn.Sequential):
    """Layers in nested containers, run as one flat list: each container would cost a call per step."""

    _flat: list[nn.Module] | None = None
    """The layers in their order, noted at the first call; residual branches stay whole."""

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._flat is None:
            self._flat = list(leaves(self))
        for layer in self._flat:
            x = layer(x)
        return x


def leaves(module: nn.Module) -> Iterator[nn.Module]:
    for layer in module.children():
        if type(layer) is nn.Sequential:
            yield from leaves(layer)
        else:
            yield layer


def nest(layers: Iterable[tuple[str, nn.Module]]) -> Chain:
    """Nest layers by their dotted paths: "blocks.0.linear" stands in "blocks.0", which stands in "blocks".

    Containers run their layers in the order given; one that is called "branch" adds its input to its
    output. Identities are left out: they would cost a call per step.
    """
    root = Chain()
    for path, layer in layers:
        if isinstance(layer, nn.Identity):
            continue
        *containers, name = path.split(".")
        here: nn.Sequential = root
        for container in containers:
            inner = dict(here.named_children()).get(container)
            if inner is None:
                inner = Residual() if container == "branch" else nn.Sequential()
                here.add_module(container, inner)
            assert isinstance(inner, nn.Sequential), f"{path} stands inside a layer"
            here = inner
        here.add_module(name, layer)
    return root
