"""The gradient pass of a stack as a CUDA graph: recorded once, and launched as one from then on."""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from normlab.stacked.layer import copy_each
from normlab.stacked.net import Stack

# Steps of each shape that are taken as they are before one is recorded: as many as torch's own
# make_graphed_callables takes. They make the buffers, which must not be a graph's, and what libraries
# prepare at a first call.
_WARM_UP = 3
# The batches of a run have two lengths at most: the last one of an epoch may have its own.
_MAX_SHAPES = 2
# Of all batches of a step together, 64 MiB of float32: a graph needs a copy of them, and where there is so
# much to compute, launching it isn't what takes the time.
_MAX_VALUES = 2**24
# Older ones must be told which generators a graph draws from, and leave those unusable where it is refused.
_SINCE = "2.14"

Gradient = Callable[[Sequence[Tensor], Sequence[Tensor]], Tensor]
_threads = threading.local()


class RefusedError(Exception):
    """The pass can't be recorded; nothing of it has been computed."""


class Graph(Protocol):
    """A call, recorded: the same operations, numbers and places in memory each time."""

    def warm_up(self, call: Callable[[], Tensor]) -> Tensor:
        """Run the call as it is."""
        ...

    def capture(self, call: Callable[[], Tensor]) -> Tensor:
        """Record the call, which computes nothing; give the tensor that each `replay` fills.

        A `replay` goes on with the draws of the generators that the call draws from.
        """
        ...

    def replay(self) -> None:
        """Do again what was recorded."""
        ...


class CUDAGraph:
    """A graph of torch's on a CUDA device."""

    def __init__(self, device: torch.device) -> None:
        self._stream = _side_stream(device)
        self._graph = torch.cuda.CUDAGraph()

    def warm_up(self, call: Callable[[], Tensor]) -> Tensor:
        # On the stream that is recorded later: cuBLAS has a workspace for each.
        current = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = call()
        current.wait_stream(self._stream)
        return result

    def capture(self, call: Callable[[], Tensor]) -> Tensor:
        # The outer context, for the inner one doesn't restore the stream where the capture fails. Local to
        # the thread: what others do meanwhile, as a lab's screens beside the training, is no error.
        with (
            torch.cuda.stream(self._stream),
            torch.cuda.graph(self._graph, stream=self._stream, capture_error_mode="thread_local"),
        ):
            return call()

    def replay(self) -> None:
        self._graph.replay()


GRAPHS: dict[str, Callable[[torch.device], Graph]] = (
    {"cuda": CUDAGraph} if torch.__version__ >= _SINCE else {}
)
"""What records calls, by the type of device; elsewhere nothing does."""


def records(device: torch.device) -> bool:
    """Tell whether calls on a device are to be recorded.

    Where torch is to be deterministic they aren't: some operations then read from the host's memory.
    """
    return device.type in GRAPHS and not torch.are_deterministic_algorithms_enabled()


def _side_stream(device: torch.device) -> torch.cuda.Stream:
    """Give this thread's stream for recording on a device: the same each time, as its workspaces stay."""
    streams: dict[torch.device, torch.cuda.Stream] = _threads.__dict__.setdefault("streams", {})
    if (found := streams.get(device)) is None:
        found = streams[device] = torch.cuda.Stream(device)
    return found


class Captured(Stack):
    """A stack that records its gradient pass once for each shape of batches, and replays it from then on.

    The results are a stack's. The update is no part of the graph, which would repeat the learning rate that
    it was recorded with; evaluations come too seldom.
    """

    def __init__(self, modules: Sequence[nn.Module], criteria: Sequence[nn.Module]) -> None:
        super().__init__(modules, criteria)
        self._passes: dict[tuple[torch.Size, torch.Size], _Pass] = {}

    def gradient(self, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> Tensor:
        """As a stack's. Raises: RefusedError when it can't be recorded; nothing is computed then."""
        shapes = xs[0].shape, ys[0].shape
        found = self._passes.get(shapes)
        if found is None:
            if len(self._passes) == _MAX_SHAPES or len(xs) * xs[0].numel() > _MAX_VALUES:
                return super().gradient(xs, ys)
            found = self._passes[shapes] = _Pass(xs, ys)
        return found.run(super().gradient, xs, ys)


class _Pass:
    """The gradient pass for batches of one shape, which are copied to where the graph reads them."""

    def __init__(self, xs: Sequence[Tensor], ys: Sequence[Tensor]) -> None:
        self.graph = GRAPHS[xs[0].device.type](xs[0].device)
        self._xs, self._ys = [torch.empty_like(x) for x in xs], [torch.empty_like(y) for y in ys]
        self._num_run = 0
        self._outputs: Tensor | None = None

    def run(
        self,
        gradient: Gradient,  # not kept: a stack that holds itself would keep its memory
        xs: Sequence[Tensor],
        ys: Sequence[Tensor],
    ) -> Tensor:
        copy_each(xs, self._xs)
        copy_each(ys, self._ys)
        if self._num_run < _WARM_UP:
            self._num_run += 1
            return self.graph.warm_up(lambda: gradient(self._xs, self._ys))
        if self._outputs is None:
            try:
                self._outputs = self.graph.capture(lambda: gradient(self._xs, self._ys))
            except Exception as error:
                raise RefusedError(str(error)) from error
        self.graph.replay()
        return self._outputs.clone()  # the next replay is written over it
