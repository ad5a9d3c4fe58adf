"""Nets put together from a flat list of named layers."""

from collections.abc import Iterable

from torch import Tensor, nn


class Residual(nn.Sequential):
    """A branch beside the identity: y = x + f(x)."""

    def forward(self, x: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return x + super().forward(x)


def nest(layers: Iterable[tuple[str, nn.Module]]) -> nn.Sequential:
    """Nest layers by their dotted paths: "blocks.0.linear" stands in "blocks.0", which stands in "blocks".

    Containers run their layers in the order given; one that is called "branch" adds its input to its
    output. Identities are left out: they would cost a call per step.
    """
    root = nn.Sequential()
    for path, layer in layers:
        if isinstance(layer, nn.Identity):
            continue
        *containers, name = path.split(".")
        here = root
        for container in containers:
            inner = dict(here.named_children()).get(container)
            if inner is None:
                inner = Residual() if container == "branch" else nn.Sequential()
                here.add_module(container, inner)
            assert isinstance(inner, nn.Sequential), f"{path} stands inside a layer"
            here = inner
        here.add_module(name, layer)
    return root
