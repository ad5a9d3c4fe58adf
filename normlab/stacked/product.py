"""The product of two matrices, in the form that is fastest for its shape."""

from functools import cache
from typing import Literal

import torch
from torch import Tensor

from normlab.stacked.library import Library, choose_library, onednn

# From so many multiplications on, oneDNN is the faster one where it is faster at all: it takes 13 us to begin
# with, and BLAS 45 us for 2**21 of them. (64, 784) @ (784, 128) took 80 us against 137, and (64, 500) @
# (500, 500) 186 against 358, the copy of the result counted.
_ONEDNN_FROM = 2**21
# BLAS is slow where the result is narrow: (64, 1400) @ (1400, 2) took 78 us, and turned about 11. The first
# matrix must have so many values, or the copy costs more than it saves.
_TURNED_FROM = 2**14
_NARROW = 32
_LANES = 16

Form = Literal["plain", "turned", "onednn"]


def form_of(a: Tensor, b: Tensor) -> Form:
    """Choose how a product is computed, and so its last bits.

    That depends on the shapes and the machine alone: neither on the addresses nor on what else is computed.
    """
    if not a.is_cpu:
        return "plain"
    return choose_form(*a.shape, b.shape[1], choose_library() if a.dtype == torch.float32 else "blas")


def multiply(form: Form, a: Tensor, b: Tensor, out: Tensor, bias: Tensor | None = None) -> None:
    """out = a @ b + bias, computed in that form. Shape: (N, I), (I, O), (N, O), (O,)."""
    if form == "onednn":
        out.copy_(onednn(a, b, bias))
    elif form == "turned":
        turned = b.t().mm(a.t()) if bias is None else torch.addmm(bias[:, None], b.t(), a.t())
        out.copy_(turned.t())
    elif bias is None:
        torch.mm(a, b, out=out)
    else:
        torch.addmm(bias, a, b, out=out)


@cache
def choose_form(rows: int, inner: int, columns: int, library: Library) -> Form:
    """Choose how to compute (rows, inner) @ (inner, columns): as it is, as (b.T @ a.T).T, or by oneDNN."""
    if columns == 1 or rows == 1:
        return "plain"
    if library == "onednn" and rows * inner * columns >= _ONEDNN_FROM:
        return "onednn"
    return "turned" if columns < _NARROW and columns % _LANES and rows * inner >= _TURNED_FROM else "plain"
