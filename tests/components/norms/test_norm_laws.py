"""What holds for every norm; a new member is covered with no edit."""

import copy

import pytest
import torch

from normlab.components.norms import Norm
from normlab.core.choice import member, members
from normlab.core.fields import describe

BATCH = 6
SHAPES = [(16,), (16, 3, 3)]
USES_THE_BATCH = {"batch", "ghost_batch"}


def variants(kind):
    """The norm by default, and with each flag and each word of its settings chosen once."""
    yield member(Norm, kind)
    for name, field in describe(members(Norm)[kind]).items():
        words = (True, False) if field.type == "flag" else field.choices
        for word in words if name != "kind" else ():
            if word != field.default:
                yield member(Norm, kind, **{name: word})


def refusals(norm, shape, batch=BATCH):
    return [p for p in norm.problems(shape, batch, batch, "model.norm") if not p.warning]


CASES = [
    pytest.param(norm, shape, id=f"{norm!r}-{len(shape)}d")
    for kind in members(Norm)
    for norm in variants(kind)
    for shape in SHAPES
    if not refusals(norm, shape)
]
every_norm = pytest.mark.parametrize(("norm", "shape"), CASES)


def draw(shape, batch=BATCH, seed=0):
    random = torch.Generator().manual_seed(seed)
    return 1 + 2 * torch.randn(batch, *shape, generator=random, dtype=torch.float64)


def per_channel(shape):
    """A constant per channel, which broadcasts over samples and positions."""
    return torch.linspace(-3, 5, shape[0], dtype=torch.float64).view(-1, *(1 for _ in shape[1:]))


@every_norm
def test_every_norm_keeps_the_shape_and_has_finite_gradients(norm, shape):
    layer = norm.build(shape).double()
    x, weights = draw(shape).requires_grad_(), draw(shape, seed=1)
    for mode in (True, False):
        y = layer.train(mode)(x)
        assert y.shape == x.shape
        grads = torch.autograd.grad((y * weights).sum(), [x, *layer.parameters()])
        assert all(grad.isfinite().all() for grad in grads)
        assert all(grad.abs().sum() > 0 for grad in grads)


@every_norm
def test_every_norm_counts_its_parameters_right(norm, shape):
    layer = norm.build(shape)
    assert norm.num_parameters(shape) == sum(p.numel() for p in layer.parameters() if p.requires_grad)


@every_norm
def test_an_evaluated_sample_never_depends_on_the_others(norm, shape):
    layer = norm.build(shape).double()
    x = draw(shape)
    layer(x)
    layer.eval()
    # However the batch is cut, the same sums are rounded in another order.
    assert torch.allclose(layer(x)[:2], layer(x[:2]), rtol=1e-12, atol=1e-12)


@every_norm
def test_only_batch_norms_let_a_training_sample_depend_on_the_others(norm, shape):
    layer = norm.build(shape).double()
    x = draw(shape)
    alike = torch.allclose(layer(x)[:2], layer(x[:2]), rtol=1e-12, atol=1e-12)
    assert alike == (norm.kind not in USES_THE_BATCH)


@every_norm
def test_a_constant_per_channel_vanishes_exactly_in_the_norms_that_say_so(norm, shape):
    layer = norm.build(shape).double()
    x = draw(shape)
    vanished = torch.allclose(layer(x + per_channel(shape)), layer(x), rtol=1e-9, atol=1e-9)
    assert vanished == norm.cancels_bias


@every_norm
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_every_norm_gets_along_with_autocast(norm, shape, dtype):
    layer = norm.build(shape)
    with torch.autocast("cpu", dtype):
        y = layer(draw(shape).to(dtype))
    exact = copy.deepcopy(layer)(draw(shape).to(dtype).float())
    torch.testing.assert_close(y.float(), exact, rtol=0.02, atol=0.02)


NORMS = [norm for kind in members(Norm) for norm in variants(kind)]
NORMS += [member(Norm, "ghost_batch", ghost_size=size) for size in (2, 3)]
TINY = [(1,), (2,), (8,), (12,), (16,), (1, 2, 2), (2, 1, 2), (8, 1, 1), (16, 1, 1), (16, 1, 2), (16, 2, 2)]


@pytest.mark.parametrize("norm", NORMS, ids=repr)
@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("shape", TINY)
def test_what_is_refused_or_warned_of_could_learn_nothing_and_the_rest_could(norm, batch, shape):
    problems = list(norm.problems(shape, batch, batch, "model.norm"))
    x = draw(shape, batch).requires_grad_()
    try:
        y = norm.build(shape).double()(x)
    except ValueError:
        assert [p for p in problems if not p.warning]
        return
    (grad,) = torch.autograd.grad((y * draw(shape, batch, seed=1)).sum(), x)
    # Each sample's median: two values that happen to be close have a gradient, thanks to eps.
    assert (grad.abs().flatten(1).median(1).values < 1e-3).any() == bool(problems)


@pytest.mark.parametrize("norm", NORMS, ids=repr)
@pytest.mark.parametrize("shape", TINY)
def test_every_refusal_has_a_place_and_a_remedy(norm, shape):
    for problem in norm.problems(shape, 1, 1, "model.norm"):
        assert problem.path.startswith(("model.norm.", "training."))
        assert problem.remedy


@pytest.mark.parametrize("kind", [kind for kind, part in members(Norm).items() if "eps" in describe(part)])
@pytest.mark.parametrize("constant", [0.0, 3.0])
def test_the_least_eps_serves_constant_inputs_in_float32(kind, constant):
    layer = member(Norm, kind, eps=describe(members(Norm)[kind])["eps"].minimum).build((16, 2, 2))
    x = torch.full((BATCH, 16, 2, 2), constant, requires_grad=True)
    y = layer(x)
    assert y.isfinite().all()
    y.square().sum().backward()
    assert x.grad.isfinite().all()
