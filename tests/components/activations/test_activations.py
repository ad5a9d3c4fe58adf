import math

import pytest
import torch

from normlab.components.activations import Activation
from normlab.components.inits import Init
from normlab.core.choice import member, members

FORMULAS = {
    "none": lambda x: x,
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.01 * x,
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "tanh": lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * (math.exp(x) - 1)),
}


@pytest.mark.parametrize("kind", members(Activation))
def test_every_activation_computes_its_formula(kind):
    x = torch.linspace(-4, 4, 17, dtype=torch.float64)
    expected = torch.tensor([FORMULAS[kind](value) for value in x.tolist()], dtype=torch.float64)
    assert torch.allclose(member(Activation, kind).build()(x), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", members(Activation))
@pytest.mark.parametrize("shape", [(5, 8), (5, 8, 2, 3)])
def test_every_activation_keeps_the_shape_its_input_and_finite_gradients(kind, shape):
    x = torch.linspace(-50, 50, math.prod(shape)).view(shape).requires_grad_()
    before = x.detach().clone()
    y = member(Activation, kind).build()(x)
    assert y.shape == x.shape
    assert torch.equal(x, before)
    (grad,) = torch.autograd.grad(y.sum(), x)
    assert grad.isfinite().all()
    assert grad.any()


def test_the_slope_is_that_of_the_negative_side():
    layer = member(Activation, "leaky_relu", slope=0.25).build()
    assert layer(torch.tensor([-4.0, 4.0])).tolist() == [-1.0, 4.0]


def test_the_tanh_of_gelu_is_near_and_not_equal():
    x = torch.linspace(-4, 4, 101)
    exact, near = (member(Activation, "gelu", approximate=how).build()(x) for how in ("none", "tanh"))
    expected = x / 2 * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    assert torch.allclose(near, expected, atol=1e-6)
    assert 1e-5 < (exact - near).abs().max() < 1e-3


def test_selu_keeps_mean_0_and_variance_1_behind_lecun_normal_weights():
    torch.manual_seed(0)
    x, selu = torch.randn(500, 200), member(Activation, "selu").build()
    for _ in range(8):
        layer = torch.nn.Linear(200, 200)
        member(Init, "lecun_normal").build(layer)
        x = selu(layer(x)).detach()
    assert abs(x.mean()) < 0.1
    assert x.var() == pytest.approx(1, abs=0.2)
