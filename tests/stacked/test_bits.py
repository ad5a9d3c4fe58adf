"""No bit of a net depends on the nets beside it."""

import pytest
import torch
from stacked.cases import LAYERS, LOSSES, draw, layer, side_by_side, stacked, target

from normlab.stacked import losses

SIZES = [(1, 64), (2, 1), (2, 127), (3, 5), (5, 10), (7, 3), (10, 31), (31, 33), (33, 7), (64, 100)]
SIZES += [(64, 128), (100, 2), (127, 64), (129, 1), (1, 7), (3, 129), (1, 1)]
# Which nets stand together, and where the first of them is net 0.
COMPANIES = [[0], [0, 1, 2], [2, 0, 1], [5, 4, 3, 2, 1, 6, 7, 0], [3, 0]]


def bits(tensor):
    return tensor.contiguous().view(torch.int32).clone()


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def trace(make, num_samples, width, company):
    """Train and evaluate nets together; give the bits of all that net 0 computed."""
    modules = [layer(make, width, seed, torch.float32) for seed in company]
    here, stack, found = company.index(0), stacked(modules), []
    shape = num_samples, width
    with torch.no_grad():
        for step in range(2):
            x = [draw(shape, 10 * seed + step, torch.float32) for seed in company]
            dy = [draw(shape, 500 + 10 * seed + step, torch.float32) for seed in company]
            found.append(bits(stack.forward(side_by_side(x), True)[here]))
            found.append(bits(stack.backward(side_by_side(dy))[here]))
            found += [bits(parameter.grad) for parameter in modules[here].parameters()]
        found.append(bits(stack.forward(side_by_side(x), False)[here]))
    found += [bits(each.float()) for each in modules[here].buffers()]
    return found


@pytest.mark.parametrize("name", LAYERS)
def test_bits_of_layers_depend_on_no_companion(name):
    for num_samples, width in SIZES:
        if num_samples == 1 and name.startswith(("batch", "ghost")):
            continue
        alone, *others = (trace(LAYERS[name], num_samples, width, company) for company in COMPANIES)
        for other in others:
            for ours, theirs in zip(alone, other, strict=True):
                assert torch.equal(ours, theirs), (num_samples, width)


@pytest.mark.parametrize("name", LAYERS)
def test_bits_of_layers_depend_on_no_companion_where_threads_share_the_work(name, two_threads):
    sizes = [(300, 257)] + [(40000, 1)] * name.startswith(("batch", "dyt"))
    for num_samples, width in sizes:
        alone, *others = (trace(LAYERS[name], num_samples, width, company) for company in COMPANIES[:2])
        for ours, theirs in zip(alone, others[0], strict=True):
            assert torch.equal(ours, theirs), (num_samples, width)


def trace_loss(criterion, num_samples, outputs, company):
    """Give the bits of the gradient of net 0's loss."""
    xs = [draw((num_samples, outputs), seed, torch.float32) for seed in company]
    ys = [target(num_samples, outputs, seed, criterion, torch.float32) for seed in company]
    loss = losses.LOSSES[type(criterion)]([criterion] * len(company))
    return bits(loss.gradient(torch.stack(xs), torch.stack(ys))[company.index(0)])


@pytest.mark.parametrize("name", LOSSES)
def test_bits_of_losses_depend_on_no_companion(name):
    criterion, outputs = LOSSES[name]
    for num_samples in (1, 2, 3, 5, 7, 10, 31, 33, 64, 100, 127, 129, 2000):
        for classes in (outputs,) if outputs == 1 else (2, 3, 10, 31, 100):
            alone, *others = (trace_loss(criterion, num_samples, classes, each) for each in COMPANIES)
            for other in others:
                assert torch.equal(alone, other), (num_samples, classes)


@pytest.mark.parametrize("name", LOSSES)
def test_bits_of_losses_depend_on_no_companion_where_threads_share_the_work(name, two_threads):
    criterion, outputs = LOSSES[name]
    for num_samples in (10_001, 40_001):
        alone, together = (trace_loss(criterion, num_samples, outputs, each) for each in COMPANIES[:2])
        assert torch.equal(alone, together), num_samples
