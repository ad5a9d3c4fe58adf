"""Batch norm and ghost batch norm, of K nets."""

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby

import torch
from torch import Tensor, nn

from normlab.layers.ghost_batch_norm import GhostBatchNorm
from normlab.stacked.affine import Affine
from normlab.stacked.layer import Layer, SideBySide, apart, parts
from normlab.stacked.standardized import Standardized


class BatchNorm(Layer[nn.BatchNorm1d | GhostBatchNorm]):
    """Standardize each channel over the batch, or over its chunks; in evaluation by running statistics.

    The running statistics are those of the modules, updated by each chunk in turn, as theirs are.
    """

    serves = (nn.BatchNorm1d, GhostBatchNorm)

    def __init__(self, modules: Sequence[nn.BatchNorm1d | GhostBatchNorm]) -> None:
        super().__init__(modules)
        norms = [_batch_norm(module) for module in modules]
        self._eps = norms[0].eps
        self._affine = Affine(norms)
        self._running = _RunningStatistics(norms)
        self._batches: dict[torch.Size, _Batch] = {}

    @classmethod
    def settings(cls, module: nn.BatchNorm1d | GhostBatchNorm) -> Hashable:
        norm = _batch_norm(module)
        size = module.size if isinstance(module, GhostBatchNorm) else None
        return norm.eps, norm.momentum, norm.affine, size

    def forward(self, x: Tensor, training: bool) -> Tensor:
        if not training:
            return self._evaluate(x)
        batch = self._batches.get(x.shape)
        if batch is None:
            batch = self._batches[x.shape] = _Batch(x, self.modules[0], self._eps)
        self._batch = batch
        for each, chunks in zip(batch.views(x), batch.chunks, strict=True):
            chunks.forward(each)
        for means, variances in batch.statistics():
            self._running.update(means, variances)
        return self._affine.forward(batch.x_hat, batch.y)

    def _evaluate(self, x: Tensor) -> Tensor:
        mean, var = self._running.read()
        scale, shift = self._affine.scale_and_shift(mean, (var + self._eps).rsqrt_())
        return torch.addcmul(shift, x, scale, out=self.buffers.take("y", x.shape, x))

    def backward(self, dy: Tensor) -> Tensor:
        batch, affine = self._batch, self._affine
        weight = affine.weight and affine.weight.values
        for each, chunks in zip(batch.views(dy), batch.chunks, strict=True):
            chunks.backward(each, weight if weight is None or each.ndim == 3 else weight[:, None])
        if affine.weight and affine.bias:
            dweights, dbiases = batch.sums()
            affine.weight.fill(dweights)
            affine.bias.fill(dbiases)
        return dy


class _Batch:
    """Batches of one shape (K, N, D), cut into chunks; equal ones in a row are treated as one."""

    def __init__(self, x: Tensor, module: nn.BatchNorm1d | GhostBatchNorm, eps: float) -> None:
        num_samples = x.shape[1]
        sizes = module.chunk_sizes(num_samples) if isinstance(module, GhostBatchNorm) else [num_samples]
        self._cuts = [(len(list(same)), size) for size, same in groupby(sizes)]
        self.x_hat, self.y = apart(x.shape, x), apart(x.shape, x)
        pairs = zip(self.views(self.x_hat), self.views(self.y), strict=True)
        # y is written over only when nobody reads it any more.
        self.chunks = [Standardized(x_hat, y, -2, eps) for x_hat, y in pairs]
        self._unbiased = [x.new_tensor([size - 1]) for _, size in self._cuts]
        self._statistics = list(self._parts())
        first, *more = self.chunks
        uncut = first.x_hat.ndim == 3 and not more
        self._sums = (parts(first.dy_x_hat_sum), parts(first.dy_sum)) if uncut else None

    def views(self, values: Tensor) -> list[Tensor]:
        """Give the chunks of each size: (K, N, D) -> (K, chunks, size, D) each, or as it is if uncut."""
        if len(self._cuts) == 1 and self._cuts[0][0] == 1:
            return [values]
        lengths = [count * size for count, size in self._cuts]
        return [
            stretch.unflatten(1, cut)
            for stretch, cut in zip(values.split(lengths, 1), self._cuts, strict=True)
        ]

    def _parts(self) -> Iterator[tuple[list[Tensor], list[Tensor]]]:
        for chunks in self.chunks:
            means, variances = (
                values.view(len(values), -1, values.shape[-1]) for values in (chunks.mean, chunks.squares)
            )
            for index in range(means.shape[1]):
                yield parts(means[:, index]), parts(variances[:, index])

    def statistics(self) -> list[tuple[list[Tensor], list[Tensor]]]:
        """Give each chunk's means and unbiased variances, K times (D,) each. Call it once a `forward`."""
        for chunks, degrees in zip(self.chunks, self._unbiased, strict=True):
            chunks.squares.div_(degrees)
        return self._statistics

    def sums(self) -> tuple[list[Tensor], list[Tensor]]:
        """Give the sums of dy * x_hat and of dy over the batch: K times (D,) each."""
        if self._sums is not None:
            return self._sums
        return (
            parts(torch.cat([chunks.dy_x_hat_sum for chunks in self.chunks], 1).sum(1)),
            parts(torch.cat([chunks.dy_sum for chunks in self.chunks], 1).sum(1)),
        )


class _RunningStatistics:
    """r = (1 - momentum) * r + momentum * statistic, in place, or the plain mean of all statistics so far."""

    def __init__(self, norms: Sequence[nn.BatchNorm1d]) -> None:
        self._momentum = norms[0].momentum
        self._means, self._variances, self._counts = zip(*(_tracked(norm) for norm in norms), strict=True)
        # One each: a single one is read as a number, for which a GPU would be waited for.
        self._ones = [torch.ones_like(count) for count in self._counts]
        self._mean, self._variance = SideBySide(self._means), SideBySide(self._variances)

    def read(self) -> tuple[Tensor, Tensor]:
        """Give means and variances: (K, 1, D) each."""
        return self._mean.read(), self._variance.read()

    def update(self, means: Sequence[Tensor], variances: Sequence[Tensor]) -> None:
        torch._foreach_add_(self._counts, self._ones)  # pyright: ignore
        weight = self._momentum
        if weight is None:
            weight = [1 / count.to(means[0].dtype) for count in self._counts]
        torch._foreach_lerp_(self._means, means, weight)  # pyright: ignore
        torch._foreach_lerp_(self._variances, variances, weight)  # pyright: ignore


def _batch_norm(module: nn.BatchNorm1d | GhostBatchNorm) -> nn.BatchNorm1d:
    norm = module.norm if isinstance(module, GhostBatchNorm) else module
    assert isinstance(norm, nn.BatchNorm1d), "stacked activations are vectors"
    return norm


def _tracked(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor, Tensor]:
    mean, var, count = norm.running_mean, norm.running_var, norm.num_batches_tracked
    if mean is None or var is None or count is None:
        raise AssertionError("norms of the family always track")
    return mean, var, count
