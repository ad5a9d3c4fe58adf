"""Mean and deviation of samples that come block by block."""

import numpy as np
import pytest

from normlab.components.datasets import Dataset
from normlab.core.choice import member
from normlab.engine.scaling import Moments, blocks, scaler


@pytest.mark.parametrize("axes", [(0,), (0, 2, 3)])
@pytest.mark.parametrize("shift", [0, 1e4])
def test_moments_of_blocks_are_those_of_all(axes, shift):
    x = (np.random.default_rng(0).normal(shift, 1, (50, 3, 4, 4))).astype(np.float32)
    known = Moments(axes)
    for start, end in ((0, 7), (7, 8), (8, 50)):
        known.add(x[start:end])
    mean, deviation = known.take()
    np.testing.assert_allclose(mean, x.mean(axes, np.float64, keepdims=True), rtol=1e-7)
    np.testing.assert_allclose(deviation, x.std(axes, np.float64, keepdims=True), rtol=1e-7)


def test_what_is_the_same_in_all_blocks_is_only_centred():
    known = Moments((0,))
    for _ in range(3):
        known.add(np.full((7, 2), 0.1, np.float32))
    assert known.take()[1].tolist() == [[1, 1]]


def test_data_of_several_blocks_is_scaled_as_data_of_one(monkeypatch):
    x = np.random.default_rng(0).random((40, 3, 2, 2), np.float32)
    dataset = member(Dataset, "digits", standardize="channel")
    at_once = scaler(dataset, x)(x)
    monkeypatch.setattr("normlab.engine.scaling._BLOCK_VALUES", 100)
    assert len(list(blocks(*(len(x), x.shape[1:])))) == 5
    np.testing.assert_allclose(scaler(dataset, x)(x), at_once, atol=1e-6)
