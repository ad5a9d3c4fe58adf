from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from normlab.layers.ghost_batch_norm import GhostBatchNorm


@given(num_samples=st.integers(2, 10_000), size=st.integers(2, 600))
def test_chunks_cover_the_batch_and_none_is_of_one(num_samples, size):
    sizes = GhostBatchNorm(nn.BatchNorm1d(1), size).chunk_sizes(num_samples)
    assert sum(sizes) == num_samples
    assert min(sizes) >= 2
    assert max(sizes) <= size + 1
    assert all(chunk == size for chunk in sizes[:-1])
