import copy

import pytest
import torch
from torch import nn

from normlab.components.parametrizations import Parametrization
from normlab.core.choice import member, members

LAYERS = {"linear": lambda: nn.Linear(12, 8), "conv": lambda: nn.Conv2d(4, 8, 3)}
INPUTS = {"linear": (5, 12), "conv": (5, 4, 6, 6)}
every_layer = pytest.mark.parametrize("name", LAYERS)
every_kind = pytest.mark.parametrize("kind", members(Parametrization))


def build(kind, name, **settings):
    """Give a layer's parametrized and its original weight as a matrix with a row per output."""
    torch.manual_seed(0)
    layer = LAYERS[name]()
    before = layer.weight.detach().clone()
    member(Parametrization, kind, **settings).build(layer)
    return layer, before.flatten(1)


def matrix(layer):
    return layer.weight.detach().flatten(1)


def count(layer):
    return sum(p.numel() for p in layer.parameters() if p.requires_grad)


@every_layer
@every_kind
def test_every_parametrization_runs_with_finite_gradients(kind, name):
    layer, _ = build(kind, name)
    y = layer(torch.randn(INPUTS[name]))
    grads = torch.autograd.grad((y * torch.randn_like(y)).sum(), list(layer.parameters()))
    assert all(grad.isfinite().all() and grad.any() for grad in grads)


@every_kind
def test_weights_of_0_are_ruled_out_where_their_gradient_would_not_be_moderate(kind):
    layer, part = LAYERS["linear"](), member(Parametrization, kind)
    nn.init.zeros_(layer.weight)
    part.build(layer)
    layer(torch.randn(INPUTS["linear"])).square().sum().backward()
    moderate = all(bool((p.grad.abs() < 1e3).all()) for p in layer.parameters())  # false for NaN too
    assert part.divides_by_size != moderate


@every_layer
@every_kind
def test_every_parametrization_counts_what_it_adds(kind, name):
    layer, _ = build(kind, name)
    plain, part = LAYERS[name](), member(Parametrization, kind)
    assert count(layer) - count(plain) == part.extra_parameters(num_outputs=8)


@every_layer
@every_kind
def test_every_parametrization_can_be_copied_saved_and_loaded(kind, name):
    layer, _ = build(kind, name)
    x = torch.randn(INPUTS[name])
    layer.eval()
    assert torch.equal(copy.deepcopy(layer)(x), layer(x))
    torch.manual_seed(1)
    other = LAYERS[name]()
    member(Parametrization, kind).build(other)
    assert not torch.equal(other.eval()(x), layer(x))
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(x), layer(x))


@every_layer
@every_kind
def test_the_seed_of_a_layer_decides_what_its_parametrization_draws(kind, name):
    first, _ = build(kind, name)
    again, _ = build(kind, name)
    assert all(torch.equal(a, b) for a, b in zip(first.buffers(), again.buffers(), strict=True))
    assert torch.equal(matrix(first), matrix(again))


@every_layer
def test_no_parametrization_leaves_the_weight_to_be_trained(name):
    layer, before = build("none", name)
    assert torch.equal(matrix(layer), before)
    assert isinstance(layer.weight, nn.Parameter)


@every_layer
def test_standardized_rows_have_mean_0_and_variance_1(name):
    layer, before = build("weight_standardization", name)
    weight = matrix(layer)
    assert torch.allclose(weight.mean(1), torch.zeros(8), atol=1e-6)
    assert torch.allclose(weight.var(1, correction=0), torch.ones(8), atol=1e-5)
    expected = (before - before.mean(1, keepdim=True)) / before.std(1, correction=0, keepdim=True)
    assert torch.allclose(weight, expected, atol=1e-5)


def test_standardized_weights_take_neither_scale_nor_shift_from_what_is_trained():
    layer, _ = build("weight_standardization", "linear")
    before = matrix(layer)
    with torch.no_grad():
        layer.parametrizations.weight.original.mul_(3).add_(0.2)
    assert torch.allclose(matrix(layer), before, atol=1e-5)


def test_weight_standardization_is_refused_on_a_single_input():
    part = member(Parametrization, "weight_standardization")
    (problem,) = part.problems(1, "model.parametrization")
    assert str(problem).startswith("model.parametrization.kind: weight_standardization: makes every weight 0")
    layer = nn.Linear(1, 3)
    part.build(layer)
    assert not layer.weight.any()
    assert not list(part.problems(2, "model.parametrization"))


@every_layer
def test_weight_norm_changes_nothing_at_first_and_g_is_the_norm_of_each_row(name):
    layer, before = build("weight_norm", name)
    assert torch.allclose(matrix(layer), before, atol=1e-7)
    g, v = layer.parametrizations.weight.original0, layer.parametrizations.weight.original1
    with torch.no_grad():
        g.copy_(torch.arange(1.0, 9.0).view_as(g))
        v.mul_(5)
    assert torch.allclose(matrix(layer).norm(dim=1), torch.arange(1.0, 9.0))


@every_layer
def test_the_largest_singular_value_under_spectral_norm_is_1(name):
    layer, _ = build("spectral_norm", name)
    with torch.no_grad():
        layer.parametrizations.weight.original.mul_(7)
    for _ in range(30):
        layer(torch.randn(INPUTS[name]))
    assert torch.linalg.svdvals(matrix(layer.eval()))[0] == pytest.approx(1, abs=1e-3)


def test_more_iterations_bring_the_singular_value_nearer():
    errors = []
    for iterations in (1, 30):
        layer, _ = build("spectral_norm", "linear", iterations=iterations)
        with torch.no_grad():
            layer.parametrizations.weight.original.copy_(torch.randn(8, 12))
        layer(torch.randn(INPUTS["linear"]))
        errors.append(abs(torch.linalg.svdvals(matrix(layer.eval()))[0] - 1))
    assert errors[1] < errors[0]
