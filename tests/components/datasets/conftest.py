"""Reading that checks, for every data set and every test, that the samples are what the outline told."""

from pathlib import Path

import numpy as np
import pytest

from normlab.components.datasets import Dataset, Samples


def _read(dataset: Dataset, folder: Path = Path(), seed: int = 0) -> Samples:
    told, samples = dataset.outline(folder), dataset.read(folder, np.random.default_rng(seed))
    assert (len(samples.x), len(samples.val.x) if samples.val else 0) == (told.num_samples, told.num_val)
    for part in filter(None, (samples, samples.val)):
        assert part.x.shape[1:] == told.shape
        assert part.x.dtype == np.float32
        assert np.isfinite(part.x).all()
        if told.task == "classification":
            assert part.y.shape == (len(part.x),)
            assert part.y.dtype == np.int64
            assert part.y.min() >= 0
            assert part.y.max() < told.num_classes
        else:
            assert (part.y.shape, part.y.dtype, told.num_classes) == ((len(part.x), 1), np.float32, 0)
    return samples


@pytest.fixture
def read():
    return _read
