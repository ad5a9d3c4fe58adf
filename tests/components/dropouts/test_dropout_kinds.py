"""What each dropout drops, and what it does with the rest."""

import pytest
import torch

from normlab.components.dropouts import Dropout
from normlab.core.choice import member


def build(kind, shape, p, seed=0):
    layer = member(Dropout, kind, p=p).build(shape)
    layer.generator = torch.Generator().manual_seed(seed)
    return layer


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_dropout_zeroes_a_share_of_p_and_scales_the_rest(p):
    y = build("dropout", (100,), p)(torch.ones(100, 100))
    kept = y[y != 0]
    assert torch.allclose(kept, torch.tensor(1 / (1 - p)))
    assert len(kept) / 10_000 == pytest.approx(1 - p, abs=4 * (p * (1 - p) / 10_000) ** 0.5)


def test_the_lectures_scale_of_inverted_dropout():
    # B3: ones(10,000) -> Dropout(0.5) -> Linear(10,000 -> 1) of ones.
    layer, ones = build("dropout", (10_000,), 0.5), torch.ones(1, 10_000)
    sums = torch.stack([layer(ones).sum() for _ in range(50)])
    assert sums.mean() == pytest.approx(10_000, abs=4 * 100 / 50**0.5)
    assert 70 < sums.std() < 135
    assert layer.eval()(ones).sum() == 10_000


def test_dropout2d_drops_whole_channels_of_single_samples():
    y = build("dropout2d", (30, 2, 3), 0.5)(torch.ones(20, 30, 2, 3))
    assert torch.equal(y, y[:, :, :1, :1].expand_as(y))
    share = y[:, :, 0, 0].eq(0).float()
    assert share.mean() == pytest.approx(0.5, abs=0.1)
    assert share.std(0).min() > 0


def test_dropout2d_is_refused_on_vectors():
    (problem,) = member(Dropout, "dropout2d").problems((16,), "model.dropout")
    assert str(problem) == (
        "model.dropout.kind: dropout2d: zeroes whole channels of maps, and here stands behind vectors; "
        "use model.dropout.kind = dropout"
    )
    assert not problem.warning


@pytest.mark.parametrize("shape", [(30,), (3, 2, 5)])
def test_drop_path_drops_whole_samples(shape):
    y = build("drop_path", shape, 0.25)(torch.ones(400, *shape)).flatten(1)
    assert torch.equal(y, y[:, :1].expand_as(y))
    assert torch.allclose(y[y != 0], torch.tensor(1 / 0.75))
    assert y[:, 0].eq(0).float().mean() == pytest.approx(0.25, abs=0.09)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.7])
def test_alpha_dropout_keeps_mean_0_and_variance_1(p):
    x = torch.randn(1000, 200, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    y = build("alpha", (200,), p)(x)
    assert abs(y.mean()) < 0.01
    assert y.var() == pytest.approx(1, abs=0.02)


def test_alpha_dropout_does_what_torchs_does():
    x, p = torch.full((1, 5000), 0.5, dtype=torch.float64), 0.3
    torch.manual_seed(0)
    theirs = torch.nn.functional.alpha_dropout(x, p, training=True).unique()
    ours = build("alpha", (5000,), p)(x).unique()
    assert torch.allclose(ours, theirs, rtol=1e-6)


def test_alpha_dropout_tends_to_its_zeros_at_p_1():
    y = build("alpha", (100,), 1 - 1e-9)(torch.ones(10, 100, dtype=torch.float64))
    assert y.abs().max() < 1e-3
