"""Each stacked layer against its torch module and autograd, in float64."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from stacked.cases import DROPOUTS, LAYERS, NORMS, alone, close, draw, layer, side_by_side, stacked
from torch.autograd import gradcheck

from normlab.layers.dropout import AlphaDropout, Dropout

WIDTH = 6


def train_both(stack, modules, references, num_samples, seed):
    """Take one training step of each kind, and compare all that it gives."""
    xs = [draw((num_samples, WIDTH), seed + k).requires_grad_() for k in range(len(modules))]
    dys = [draw((num_samples, WIDTH), seed + 100 + k) for k in range(len(modules))]
    with torch.no_grad():
        y = stack.forward(side_by_side([x.detach() for x in xs]), True).clone()
        dx = stack.backward(side_by_side(dys))
    for k, (module, reference) in enumerate(zip(modules, references, strict=True)):
        reference.zero_grad()
        expected = reference.train()(xs[k])
        expected.backward(dys[k])
        assert close(y[k], expected)
        assert close(dx[k], xs[k].grad)
        for ours, theirs in zip(module.parameters(), reference.parameters(), strict=True):
            assert close(ours.grad, theirs.grad)
        for ours, theirs in zip(module.buffers(), reference.buffers(), strict=True):
            assert close(ours, theirs)


def evaluate_both(stack, references, num_samples, seed):
    xs = [draw((num_samples, WIDTH), seed + k) for k in range(len(references))]
    with torch.no_grad():
        y = stack.forward(side_by_side(xs), False)
        for k, reference in enumerate(references):
            assert close(y[k], reference.eval()(xs[k]))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("num_nets", [1, 3])
def test_results_gradients_and_statistics_are_the_modules(name, num_nets):
    modules = [layer(LAYERS[name], WIDTH, seed) for seed in range(num_nets)]
    references = [alone(module) for module in modules]
    stack = stacked(modules)
    # Batches of changing length: ghost batches of 4 leave a rest of 0, 2, 1 and 3; 2 and 4 make one chunk.
    for step, num_samples in enumerate((8, 6, 9, 7, 8, 2, 4)):
        train_both(stack, modules, references, num_samples, 10 * step)
        evaluate_both(stack, references, 8 + step, 10 * step)


@pytest.mark.parametrize("name", sorted(NORMS))
@given(num_samples=st.integers(2, 12), seed=st.integers(0, 1000))
def test_norms_are_the_modules_on_batches_of_any_length(name, num_samples, seed):
    modules = [layer(NORMS[name], WIDTH, seed + k) for k in range(2)]
    references = [alone(module) for module in modules]
    # Two values become -1 and +1, and what is left of a gradient is noise.
    if name.startswith(("batch", "ghost")) and 2 in (num_samples, num_samples % 3, num_samples % 4):
        return
    train_both(stacked(modules), modules, references, num_samples, seed)


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in DROPOUTS])
def test_gradients_are_numerically_right(name):
    modules = [layer(LAYERS[name], WIDTH, seed) for seed in range(2)]
    stack = stacked(modules)

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return stack.forward(x.detach(), True).clone()

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            stack.forward(x.detach(), True)
            return stack.backward(dy.clone()).clone()

    assert gradcheck(Wrapped.apply, (draw((2, 5, WIDTH), 3).requires_grad_(),))


@pytest.mark.parametrize("kind", [Dropout, AlphaDropout])
def test_nets_may_drop_with_probabilities_of_their_own(kind):
    modules = [layer(lambda _, p=p: kind(p), WIDTH, seed) for seed, p in enumerate((0.0, 0.5, 1.0, 0.1))]
    references = [alone(module) for module in modules]
    stack = stacked(modules)
    for module, reference in zip(modules, references, strict=True):  # as resuming does
        module.generator, reference.generator = (torch.Generator().manual_seed(7) for _ in range(2))
    for step in range(3):
        train_both(stack, modules, references, 8, step)


@pytest.mark.parametrize("name", ["batch", "ghost", "layer", "group_of_one"])
def test_equal_values_become_0_before_the_bias(name):
    module = layer(NORMS[name], WIDTH, 0, torch.float32)
    with torch.no_grad():
        y = stacked([module]).forward(torch.full((1, 7, WIDTH), 1000.0), True)
    bias = module.norm.bias if name == "ghost" else module.bias
    assert (y == bias).all()


def test_an_evaluation_between_forward_and_backward_changes_nothing():
    for name in LAYERS:
        if name in DROPOUTS:
            continue
        modules = [layer(LAYERS[name], WIDTH, 0) for _ in range(2)]
        found = []
        for module, disturb in zip(modules, (False, True), strict=True):
            stack = stacked([module])
            with torch.no_grad():
                stack.forward(draw((1, 8, WIDTH), 1), True)
                if disturb:
                    stack.forward(draw((1, 5, WIDTH), 2), False)
                found.append(stack.backward(draw((1, 8, WIDTH), 3)))
        assert torch.equal(*found), name
