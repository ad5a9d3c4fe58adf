import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.lab.batches import batch_sizes
from normlab.lab.experiment import Training


@given(st.integers(1, 500), st.integers(1, 600), st.sampled_from(["keep", "drop", "merge"]))
def test_batches_cover_the_samples_as_asked(size, num_samples, last_batch):
    sizes = batch_sizes(Training(batch_size=size, last_batch=last_batch), num_samples)
    if last_batch == "drop":
        assert sizes.num_samples == num_samples - num_samples % size
    else:
        assert sizes.num_samples == num_samples
    if sizes.num_batches > 1:
        assert 1 <= min(sizes.size, sizes.last) <= sizes.size == size
        if last_batch == "merge":
            assert min(sizes.size, sizes.last) == size


@pytest.mark.parametrize(
    ("last_batch", "smallest", "num_batches"), [("keep", 1, 17), ("drop", 32, 16), ("merge", 32, 16)]
)
def test_513_samples_in_batches_of_32(last_batch, smallest, num_batches):
    sizes = batch_sizes(Training(batch_size=32, last_batch=last_batch), 513)
    assert (min(sizes.size, sizes.last), sizes.num_batches) == (smallest, num_batches)


def test_full_batch_is_one_batch():
    sizes = batch_sizes(Training(batch_size="full"), 1400)
    assert (sizes.size, sizes.num_batches, min(sizes.size, sizes.last)) == (1400, 1, 1400)
