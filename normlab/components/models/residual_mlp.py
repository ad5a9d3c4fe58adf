import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from normlab.components.models import Depth, Layer, Model, Width


class ResidualMLP(Model, frozen=True):
    """An MLP with shortcuts: a linear stem, then blocks of x + f(x), then Linear.

    f is Linear - activation - dropout - Linear. With the norm "pre", y = x + f(norm(x)), and one more
    norm stands before the head; with "post", y = norm(x + f(x)).

    Shape: (N, D), or images that are flattened first -> (N, outputs).
    Source: He et al. 2016, arXiv:1603.05027; pre and post after Xiong et al. 2020, arXiv:2002.04745.
    """

    kind: Literal["residual_mlp"] = "residual_mlp"
    takes_branch_dropout: ClassVar[bool] = True

    depth: Depth = 4
    """Number of residual blocks, each of two linear layers."""
    width: Width = 128
    """Size of the stream that the blocks add to."""
    expansion: Annotated[int, Field(ge=1, le=64)] = 1
    """Size inside a block, in multiples of the width."""
    norm_placement: Literal["pre", "post"] = "pre"
    """Norm in front of each branch ("pre"), or after each addition ("post")."""

    def plan(self, inputs: tuple[int, ...], num_outputs: int) -> Iterator[Layer]:
        stream, inner = (self.width,), (self.width * self.expansion,)
        if len(inputs) > 1:
            yield Layer("flatten", "flatten", inputs, (math.prod(inputs),))
        yield Layer("stem", "linear", (math.prod(inputs),), stream, bias=True)
        for index in range(self.depth):
            block = f"blocks.{index}"
            branch = f"{block}.branch"
            if self.norm_placement == "pre":
                yield Layer(f"{branch}.norm", "norm", stream, stream)
            yield Layer(f"{branch}.linear1", "linear", stream, inner, bias=True)
            yield Layer(f"{branch}.activation", "activation", inner, inner)
            if not self.dropout.on_branch:
                yield Layer(f"{branch}.dropout", "dropout", inner, inner)
            yield Layer(f"{branch}.linear2", "linear", inner, stream, bias=True)
            if self.dropout.on_branch:
                yield Layer(f"{branch}.dropout", "dropout", stream, stream)
            if self.norm_placement == "post":
                yield Layer(f"{block}.norm", "norm", stream, stream)
        if self.norm_placement == "pre":
            yield Layer("norm", "norm", stream, stream)
        yield Layer("head", "linear", stream, (num_outputs,), bias=True)
