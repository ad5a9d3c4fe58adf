import pytest
import torch

from normlab.components.norms import Norm
from normlab.core.choice import member

SHAPE = (3, 2, 2)


def draw_batches(count, batch=4):
    random = torch.Generator().manual_seed(0)
    return list(3 + 2 * torch.randn(count, batch, *SHAPE, generator=random, dtype=torch.float64))


def moments(x):
    """Unbiased variance and mean per channel."""
    return torch.var_mean(x, (0, 2, 3))


def test_the_running_variance_is_the_unbiased_one():
    (x,) = draw_batches(1)
    layer = member(Norm, "batch", momentum=1.0).build(SHAPE).double()
    layer(x)
    var, mean = moments(x)
    assert torch.allclose(layer.running_mean, mean)
    assert torch.allclose(layer.running_var, var)


@pytest.mark.parametrize("momentum", [0.1, 0.3])
def test_running_statistics_start_at_0_and_1_and_move_by_the_momentum(momentum):
    layer = member(Norm, "batch", momentum=momentum).build(SHAPE).double()
    mean, var = torch.zeros(3).double(), torch.ones(3).double()
    for x in draw_batches(3):
        layer(x)
        new_var, new_mean = moments(x)
        mean = (1 - momentum) * mean + momentum * new_mean
        var = (1 - momentum) * var + momentum * new_var
    assert torch.allclose(layer.running_mean, mean)
    assert torch.allclose(layer.running_var, var)


@pytest.mark.parametrize("kind", ["batch", "ghost_batch"])
def test_cumulative_statistics_are_the_plain_mean_of_all_so_far(kind):
    layer = member(Norm, kind, momentum="cumulative").build(SHAPE).double()
    batches = draw_batches(5)
    for x in batches:
        layer(x)
    var, mean = (torch.stack(values).mean(0) for values in zip(*map(moments, batches), strict=True))
    running = dict(layer.named_buffers())
    assert torch.allclose(next(v for k, v in running.items() if k.endswith("running_mean")), mean)
    assert torch.allclose(next(v for k, v in running.items() if k.endswith("running_var")), var)


def test_the_lectures_running_statistics_by_hand():
    # B5: five features, feature i constant at i, momentum 0.3.
    layer = member(Norm, "batch", momentum=0.3).build((5,))
    x = torch.arange(1.0, 6.0).expand(3, 5)
    layer(x)
    assert torch.allclose(layer.running_mean, torch.tensor([0.3, 0.6, 0.9, 1.2, 1.5]))
    assert torch.allclose(layer.running_var, torch.full((5,), 0.7))
    layer(x)
    assert torch.allclose(layer.running_mean, torch.tensor([0.51, 1.02, 1.53, 2.04, 2.55]))
    assert torch.allclose(layer.running_var, torch.full((5,), 0.49))


def test_evaluation_uses_running_statistics_and_leaves_them_alone():
    x, other = draw_batches(2)
    layer = member(Norm, "batch").build(SHAPE).double()
    layer(x)
    before = layer.running_mean.clone()
    y = layer.eval()(other)
    assert torch.equal(layer.running_mean, before)
    mean, var = (v.view(3, 1, 1) for v in (layer.running_mean, layer.running_var))
    assert torch.allclose(y, (other - mean) / (var + 1e-5).sqrt())


def test_ghost_statistics_move_chunk_after_chunk():
    (x,) = draw_batches(1, batch=9)
    layer = member(Norm, "ghost_batch", ghost_size=4).build(SHAPE).double()
    layer(x)
    batch = member(Norm, "batch").build(SHAPE).double()
    for chunk in (x[:4], x[4:]):
        batch(chunk)
    assert torch.equal(layer.norm.running_mean, batch.running_mean)
    assert torch.equal(layer.norm.running_var, batch.running_var)
