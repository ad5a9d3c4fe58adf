import math

import pytest
import torch
from torch import nn

from normlab.components.inits import Init
from normlab.core.choice import member, members
from normlab.core.fields import describe

LAYERS = {"linear": lambda: nn.Linear(300, 150), "conv": lambda: nn.Conv2d(40, 60, 3)}
every_layer = pytest.mark.parametrize("layer", LAYERS)

# Standard deviation of the weights, from fan_in and fan_out.
SPREADS = [
    (member(Init, "default"), lambda i, o: 1 / math.sqrt(3 * i)),
    (member(Init, "kaiming"), lambda i, o: math.sqrt(2 / i)),
    (member(Init, "kaiming", fan="out"), lambda i, o: math.sqrt(2 / o)),
    (member(Init, "xavier"), lambda i, o: math.sqrt(2 / (i + o))),
    (member(Init, "xavier", distribution="normal", gain=3.0), lambda i, o: 3 * math.sqrt(2 / (i + o))),
    (member(Init, "orthogonal"), None),
    (member(Init, "lecun_normal"), lambda i, o: math.sqrt(1 / i)),
    (member(Init, "normal"), lambda i, o: 0.01),
    (member(Init, "normal", std=1.0), lambda i, o: 1.0),
    (member(Init, "zero"), lambda i, o: 0.0),
]


def fill(init, layer, seed=0):
    built = LAYERS[layer]()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        init.build(built)
    return built


def test_the_table_below_holds_every_init():
    assert {init.kind for init, _ in SPREADS} == set(members(Init))


@every_layer
@pytest.mark.parametrize(("init", "spread"), SPREADS, ids=lambda value: getattr(value, "kind", ""))
def test_every_init_has_the_spread_of_its_formula(init, spread, layer):
    weight = fill(init, layer).weight.detach()
    kernel = weight[0, 0].numel()
    fan_in, fan_out = weight.shape[1] * kernel, weight.shape[0] * kernel
    expected = spread(fan_in, fan_out) if spread else 1 / math.sqrt(max(fan_in, weight.shape[0]))
    # Four standard errors of a normal sample's deviation.
    assert weight.std() == pytest.approx(expected, rel=4 / math.sqrt(2 * weight.numel()))
    assert abs(weight.mean()) <= 4 * expected / math.sqrt(weight.numel())


@every_layer
@pytest.mark.parametrize("kind", members(Init))
def test_every_init_draws_what_the_seed_says(kind, layer):
    first, again, other = (fill(member(Init, kind), layer, seed) for seed in (0, 0, 1))
    assert torch.equal(first.weight, again.weight)
    assert torch.equal(first.bias, again.bias)
    assert torch.equal(first.weight, other.weight) == (kind == "zero")


@every_layer
@pytest.mark.parametrize("kind", members(Init))
def test_only_torchs_own_init_has_biases_other_than_0(kind, layer):
    bias = fill(member(Init, kind), layer).bias
    fan_in = {"linear": 300, "conv": 360}[layer]
    assert bias.any() == (kind == "default")
    assert bias.abs().max() <= 1 / math.sqrt(fan_in)


@pytest.mark.parametrize("kind", members(Init))
def test_every_init_serves_layers_without_bias(kind):
    for layer in (nn.Linear(4, 3, bias=False), nn.Conv2d(4, 3, 3, bias=False)):
        member(Init, kind).build(layer)
        assert layer.weight.isfinite().all()
        assert layer.bias is None


@pytest.mark.parametrize(("kind", "scale"), [("normal", "std"), ("xavier", "gain"), ("orthogonal", "gain")])
def test_the_least_scale_leaves_weights_of_a_norm(kind, scale):
    init = member(Init, kind, **{scale: describe(members(Init)[kind])[scale].minimum})
    assert fill(init, "linear").weight.norm(dim=1).min() > 0


def test_torchs_own_init_is_uniform_up_to_one_over_the_root_of_fan_in():
    weight = fill(member(Init, "default"), "linear").weight
    bound = 1 / math.sqrt(300)
    assert 0.99 * bound < weight.abs().max() <= bound


def test_xavier_uniform_ends_where_glorot_and_bengio_say():
    weight = fill(member(Init, "xavier"), "linear").weight
    bound = math.sqrt(6 / 450)
    assert 0.99 * bound < weight.abs().max() <= bound


@every_layer
def test_every_singular_value_of_an_orthogonal_weight_is_the_gain(layer):
    weight = fill(member(Init, "orthogonal", gain=1.5), layer).weight
    assert torch.allclose(torch.linalg.svdvals(weight.flatten(1)), torch.tensor(1.5), atol=1e-4)


def test_kaiming_keeps_the_size_of_the_signal_through_relus_where_the_default_loses_it():
    torch.manual_seed(0)
    sizes = {}
    for kind in ("kaiming", "default"):
        x = torch.randn(200, 256)
        for _ in range(10):
            layer = nn.Linear(256, 256, bias=False)
            member(Init, kind).build(layer)
            x = layer(x).relu()
        sizes[kind] = x.square().mean().sqrt().item()
    assert 0.5 < sizes["kaiming"] < 2
    assert sizes["default"] < 0.01
