"""What holds for every dropout; a new member is covered with no edit."""

import copy

import pytest
import torch

from normlab.components.dropouts import Dropout
from normlab.core.choice import member, members

SHAPES = [(6,), (6, 2, 3)]
RANDOM = [kind for kind in members(Dropout) if kind != "none"]
CASES = [
    (kind, shape)
    for kind in RANDOM
    for shape in SHAPES
    if not list(member(Dropout, kind).problems(shape, ""))
]
every_dropout = pytest.mark.parametrize(("kind", "shape"), CASES)


def build(kind, shape, p=0.5, seed=0):
    layer = member(Dropout, kind, p=p).build(shape)
    layer.generator = torch.Generator().manual_seed(seed)
    return layer


def draw(shape, batch=5):
    return torch.randn(batch, *shape, generator=torch.Generator().manual_seed(1))


@every_dropout
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_every_dropout_keeps_the_shape_and_has_finite_gradients(kind, shape, p):
    x = draw(shape).requires_grad_()
    y = build(kind, shape, p)(x)
    assert y.shape == x.shape
    assert y.isfinite().all()
    (grad,) = torch.autograd.grad(y.sum(), x)
    assert grad.isfinite().all()


@every_dropout
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_evaluation_passes_values_on_unchanged(kind, shape, p):
    x = draw(shape)
    assert torch.equal(build(kind, shape, p).eval()(x), x)


@every_dropout
def test_a_p_of_0_changes_nothing_and_a_p_of_1_lets_nothing_through(kind, shape):
    x = draw(shape)
    assert torch.equal(build(kind, shape, p=0.0)(x), x)
    assert not build(kind, shape, p=1.0)(x).any()


@every_dropout
@pytest.mark.parametrize("p", [0.2, 0.7])
def test_the_expected_value_stays(kind, shape, p):
    mean = 0 if kind == "alpha" else 1  # alpha dropout is made for standard normal inputs
    x = mean + torch.randn(20_000, *shape, generator=torch.Generator().manual_seed(1))
    y = build(kind, shape, p)(x)
    # Four standard errors of the mean of what is drawn together, at most a sample's values.
    assert (y.mean() - mean).abs() < 4 * (1 / (1 - p) / 20_000) ** 0.5


@every_dropout
def test_draws_come_from_the_layers_own_generator_alone(kind, shape):
    x, before = draw(shape), torch.get_rng_state()
    layer, twin = build(kind, shape), build(kind, shape)
    other = build(kind, shape, seed=1)
    lone = [layer(x) for _ in range(4)]
    accompanied = []
    for _ in range(4):
        other(x)
        torch.rand(3)
        accompanied.append(twin(x))
    assert all(torch.equal(a, b) for a, b in zip(lone, accompanied, strict=True))
    torch.set_rng_state(before)
    layer(x)
    assert torch.equal(torch.get_rng_state(), before)


@every_dropout
def test_without_a_generator_draws_come_from_torchs_own(kind, shape):
    x, layer = draw(shape), member(Dropout, kind, p=0.5).build(shape)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        first = [layer(x) for _ in range(3)]
        torch.manual_seed(3)
        assert all(torch.equal(y, layer(x)) for y in first)


@every_dropout
def test_a_deep_copy_goes_on_from_the_same_state_independently(kind, shape):
    x, layer = draw(shape), build(kind, shape)
    layer(x)
    twin = copy.deepcopy(layer)
    first = [layer(x) for _ in range(3)]
    assert all(torch.equal(y, twin(x)) for y in first)
    assert twin.generator is not layer.generator


@every_dropout
def test_half_precision_stays_half(kind, shape):
    x = draw(shape).to(torch.bfloat16)
    y = build(kind, shape, p=0.3)(x)
    assert y.dtype == x.dtype
    assert y.isfinite().all()


def test_no_dropout_is_the_identity():
    x = draw((6,))
    assert member(Dropout, "none").build((6,))(x) is x


def test_only_drop_path_acts_on_branches():
    assert [kind for kind, part in members(Dropout).items() if part.on_branch] == ["drop_path"]


@pytest.mark.parametrize("kind", RANDOM)
def test_p_is_a_probability(kind):
    for p in (-0.1, 1.1):
        with pytest.raises(ValueError):
            member(Dropout, kind, p=p)
