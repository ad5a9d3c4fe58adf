"""Each norm against torch's functions or the formula written out, in float64."""

import pytest
import torch
from torch.nn import functional

from normlab.components.norms import Norm
from normlab.core.choice import member

SHAPES = [(8,), (8, 3, 5)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=["vectors", "maps"])


def draw(shape, batch=6, seed=0):
    random = torch.Generator().manual_seed(seed)
    return 1 + 2 * torch.randn(batch, *shape, generator=random, dtype=torch.float64)


def build(kind, shape, **settings):
    """Build a norm whose parameters tell their places."""
    layer = member(Norm, kind, **settings).build(shape).double()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter += torch.linspace(-1, 1, parameter.numel()).view_as(parameter)
    return layer


def standardize(x, dims, eps=1e-5):
    var, mean = torch.var_mean(x, dims, correction=0, keepdim=True)
    return (x - mean) / (var + eps).sqrt()


def places(shape):
    """The weight and the bias that `build` gives a parameter of that shape."""
    steps = torch.linspace(-1, 1, torch.Size(shape).numel()).view(shape).double()
    return 1 + steps, steps


def channelwise(shape):
    return [steps.view(-1, *(1 for _ in shape[1:])) for steps in places(shape[:1])]


@every_shape
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_batch_norm_standardizes_channels_over_the_batch(shape, eps):
    x, (weight, bias) = draw(shape), channelwise(shape)
    dims = (0, *range(2, x.ndim))
    assert torch.allclose(build("batch", shape, eps=eps)(x), standardize(x, dims, eps) * weight + bias)


@every_shape
@pytest.mark.parametrize("eps", [1e-5, 0.1])
def test_layer_norm_standardizes_whole_samples(shape, eps):
    x, (weight, bias) = draw(shape), places(shape)
    expected = standardize(x, tuple(range(1, x.ndim)), eps) * weight + bias
    assert torch.allclose(build("layer", shape, eps=eps)(x), expected)


@every_shape
def test_layer_norm_over_channels_standardizes_each_position(shape):
    x, (weight, bias) = draw(shape), channelwise(shape)
    assert torch.allclose(build("layer", shape, over="channels")(x), standardize(x, 1) * weight + bias)


@every_shape
@pytest.mark.parametrize("eps", [1e-6, 0.1])
def test_rms_norm_divides_by_the_root_mean_square(shape, eps):
    x = draw(shape)
    mean_square = x.square().flatten(1).mean(1).view(-1, *(1 for _ in shape))
    expected = x / (mean_square + eps).sqrt() * places(shape)[0]
    assert torch.allclose(build("rms", shape, eps=eps)(x), expected)


@every_shape
def test_rms_norm_over_channels_scales_each_position(shape):
    x, (weight, _) = draw(shape), channelwise(shape)
    expected = x / (x.square().mean(1, keepdim=True) + 1e-6).sqrt() * weight
    assert torch.allclose(build("rms", shape, over="channels")(x), expected)


def test_instance_norm_standardizes_each_map():
    x = draw((8, 3, 5))
    assert torch.allclose(build("instance", (8, 3, 5))(x), standardize(x, (2, 3)))


def test_instance_norm_evaluates_by_running_statistics_where_it_keeps_them():
    x = draw((8, 3, 5))
    layer = build("instance", (8, 3, 5), track_running_stats=True, momentum=1.0)
    layer(x)
    var, mean = torch.var_mean(x, (2, 3), keepdim=True)
    var, mean = var.mean(0), mean.mean(0)
    assert torch.allclose(layer.eval()(x), (x - mean) / (var + 1e-5).sqrt())


@every_shape
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_group_norm_standardizes_groups_of_neighbouring_channels(shape, groups):
    x, (weight, bias) = draw(shape), channelwise(shape)
    grouped = standardize(x.reshape(6, groups, -1), 2).view_as(x)
    assert torch.allclose(build("group", shape, groups=groups)(x), grouped * weight + bias)


@every_shape
def test_group_norm_of_one_group_is_layer_norm_without_weights(shape):
    x = draw(shape)
    one = member(Norm, "group", groups=1, affine=False).build(shape)
    layer = member(Norm, "layer", affine=False).build(shape)
    assert torch.allclose(one(x), layer(x), rtol=1e-12)


def test_group_norm_of_a_group_per_channel_is_instance_norm():
    x = draw((8, 3, 5))
    groups = member(Norm, "group", groups=8, affine=False).build((8, 3, 5))
    instance = member(Norm, "instance").build((8, 3, 5))
    assert torch.allclose(groups(x), instance(x), rtol=1e-12)


@every_shape
def test_dyt_squashes_each_value(shape):
    x, (weight, bias) = draw(shape), channelwise(shape)
    layer = build("dyt", shape, alpha=0.75)
    # `build` adds -1 to a single number.
    assert torch.allclose(layer(x), weight * torch.tanh((0.75 - 1) * x) + bias)


@every_shape
def test_dyt_starts_at_the_alpha_that_is_asked_for(shape):
    x = draw(shape)
    assert torch.allclose(member(Norm, "dyt").build(shape).double()(x), torch.tanh(0.5 * x))


@every_shape
def test_no_norm_is_the_identity(shape):
    x = draw(shape)
    assert member(Norm, "none").build(shape)(x) is x


@every_shape
def test_ghost_batch_norm_of_one_chunk_is_batch_norm(shape):
    x = draw(shape)
    ghost, batch = build("ghost_batch", shape), build("batch", shape)
    assert torch.equal(ghost(x), batch(x))
    assert torch.equal(ghost.eval()(x), batch.eval()(x))


@every_shape
def test_ghost_batch_norm_is_batch_norm_on_each_chunk(shape):
    x = draw(shape, batch=11)
    ghost, (weight, bias) = (
        build("ghost_batch", shape, ghost_size=4),
        [v.flatten() for v in channelwise(shape)],
    )
    chunks = [
        functional.batch_norm(chunk, None, None, weight, bias, training=True)
        for chunk in (x[:4], x[4:8], x[8:])
    ]
    assert torch.allclose(ghost(x), torch.cat(chunks))
