"""The gradient of each stacked loss against its torch module and autograd, in float64."""

import pytest
import torch
from stacked.cases import LOSSES as CASES
from stacked.cases import close, draw, target
from torch.autograd import gradcheck

from normlab.stacked.losses import LOSSES


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scale", [1, 300])
def test_gradients_are_the_modules(name, scale):
    criterion, outputs = CASES[name]
    loss = LOSSES[type(criterion)]([criterion] * 3)
    for num_samples in (7, 4, 1):
        xs = [scale * draw((num_samples, outputs), k) for k in range(3)]
        ys = [target(num_samples, outputs, k, criterion) for k in range(3)]
        gradient = loss.gradient(torch.stack(xs), torch.stack(ys)).clone()
        for k in range(3):
            x = xs[k].requires_grad_()
            criterion(x, ys[k]).backward()
            assert close(gradient[k], x.grad)


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_numerically_right(name):
    criterion, outputs = CASES[name]
    loss = LOSSES[type(criterion)]([criterion] * 2)
    y = torch.stack([target(4, outputs, k, criterion) for k in range(2)])

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.stack([criterion(each, wanted) for each, wanted in zip(x, y, strict=True)])

        @staticmethod
        def backward(ctx, d):
            return loss.gradient(ctx.saved_tensors[0].detach(), y) * d[:, None, None]

    assert gradcheck(Wrapped.apply, (draw((2, 4, outputs), 1).requires_grad_(),))
