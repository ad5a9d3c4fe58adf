"""A captured gradient pass gives what a stack gives, bit for bit; CUDA graphs where there is CUDA."""

import gc
import weakref
from contextlib import contextmanager
from inspect import signature
from threading import local

import pytest
import torch
from stacked.cases import ACTIVATIONS, LAYERS, LOSSES, draw, prepare, target
from stacked.tape import Tape
from torch import nn

from normlab.layers.dropout import AlphaDropout, Dropout, DropPath
from normlab.layers.tree import Chain, Residual
from normlab.stacked import captured
from normlab.stacked.captured import GRAPHS, Captured, RefusedError
from normlab.stacked.net import Stack

INPUTS, WIDTH = 5, 6


@pytest.fixture(autouse=True)
def _on_tape(monkeypatch):
    monkeypatch.setitem(GRAPHS, "cpu", Tape)


# Of batches: three steps of each length are taken as they are, and nearly all lengths are replayed later.
LENGTHS = [8, 8, 5, 8, 8, 5, 8, 5, 8, 5, 5, 8]


def chain(make, outputs, seed):
    """Give a net that has a layer twice, once in a residual branch."""
    torch.manual_seed(seed)
    block = Residual(nn.Linear(WIDTH, WIDTH), make(WIDTH))
    net = Chain(nn.Linear(INPUTS, WIDTH), make(WIDTH), block, nn.Linear(WIDTH, outputs)).float()
    prepare(net, seed)
    return net


def each(make):
    return lambda seed: make


def by_seed(kind):
    """Give each net a probability of its own, some of which draw nothing."""
    return lambda seed: lambda _: kind((0.3, 0.0, 1.0, 0.8)[seed % 4])


NETS = {name: (each(make), "cross_entropy") for name, make in LAYERS.items()}
NETS |= {f"{kind.__name__}_mixed": (by_seed(kind), "mse") for kind in (Dropout, AlphaDropout, DropPath)}
NETS |= {f"batch_{name}": (each(LAYERS["batch"]), name) for name in LOSSES}


def train(kind, name, num_nets, device="cpu", lengths=LENGTHS):
    """Train nets on batches that differ; give all that the steps and evaluations gave, and what they left."""
    make_of, loss = NETS[name]
    criterion, outputs = LOSSES[loss]
    seeds = range(num_nets)
    nets = [chain(make_of(seed), outputs, seed).to(device) for seed in seeds]
    for net, seed in zip(nets, seeds, strict=True):
        prepare_on(net, seed, device)
    stack, found = kind(nets, [criterion] * num_nets), []
    with torch.inference_mode():
        for step, length in enumerate(lengths):
            xs = [draw((length, INPUTS), 100 * step + seed, torch.float32).to(device) for seed in seeds]
            ys = [
                target(length, outputs, 100 * step + seed, criterion, torch.float32).to(device)
                for seed in seeds
            ]
            answers = stack.gradient(xs, ys)
            kept = answers.clone()
            for net in nets:
                for parameter in net.parameters():
                    parameter -= 0.05 * parameter.grad
                    found.append(parameter.grad.clone())
            found += [kept, stack.outputs(xs)]
            # Kept as they came: the next steps don't write over them.
            found.append(answers)
    for net in nets:
        found += [each.detach().clone() for each in net.state_dict().values()]
        found += [each.generator.get_state() for each in net.modules() if hasattr(each, "generator")]
    return found, stack


def prepare_on(net, seed, device):
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, torch.nan)
    for index, each in enumerate(net.modules()):
        if hasattr(each, "generator"):
            each.generator = torch.Generator(device).manual_seed(1000 * index + seed)


def same(ours, theirs):
    return len(ours) == len(theirs) and all(map(equal_bits, ours, theirs))


def equal_bits(ours, theirs):
    ours, theirs = (each.cpu().contiguous().view(-1).view(torch.uint8) for each in (ours, theirs))
    return torch.equal(ours, theirs)


@pytest.mark.parametrize("num_nets", [1, 3])
@pytest.mark.parametrize("name", NETS)
def test_a_captured_pass_gives_the_same_bits(name, num_nets):
    plain, _ = train(Stack, name, num_nets)
    ours, stack = train(Captured, name, num_nets)
    assert same(ours, plain)
    assert [each.graph.num_replays for each in stack._passes.values()] == [4, 2]


def test_capturing_computes_nothing():
    """Else a step would count twice: in running statistics, their counts and in draws."""
    net = chain(lambda width: nn.Sequential(nn.BatchNorm1d(width), Dropout(0.5)), 3, 0)
    stack = Stack([net], [nn.CrossEntropyLoss()])
    x, y = draw((8, INPUTS), 0, torch.float32), torch.arange(8) % 3

    def state():
        found = [*net.state_dict().values(), *(each.grad for each in net.parameters())]
        found += [each.generator.get_state() for each in net.modules() if hasattr(each, "generator")]
        return [each.clone() for each in found]

    with torch.inference_mode():
        stack.gradient([x], [y])
        before, tape = state(), Tape("cpu")
        outputs = tape.capture(lambda: stack.gradient([x], [y]))
        assert same(state(), before)
        assert outputs.isnan().all()
        tape.replay()
    assert not same(state(), before)
    assert outputs.isfinite().all()


def test_a_third_length_and_a_large_batch_are_computed_as_they_are(monkeypatch):
    lengths = [length for length in (3, 4, 5) for _ in range(5)]
    plain, _ = train(Stack, "batch", 2, lengths=lengths)
    ours, stack = train(Captured, "batch", 2, lengths=lengths)
    assert same(ours, plain)
    assert [shapes[0][0] for shapes in stack._passes] == [3, 4]
    monkeypatch.setattr("normlab.stacked.captured._MAX_VALUES", 2 * 3 * INPUTS)
    ours, stack = train(Captured, "batch", 2, lengths=lengths)
    assert same(ours, plain)
    assert [shapes[0][0] for shapes in stack._passes] == [3]


class Odd(nn.ReLU):
    """Stands for a layer that does what no capture allows."""


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda x: x.new_tensor([1.0]), "Python's memory"),
        (lambda x: torch.tensor(1.0), "Python's memory"),
        (lambda x: x[[0]], "Python's memory"),
        (lambda x: float(x.sum()), "waits"),
        (lambda x: x.isnan().any() and x, "waits"),
        (lambda x: x.nonzero(), "waits"),
        (lambda x: x[x > 0], "mask"),
        (lambda x: x.copy_(torch.empty(x.shape, device="meta")), "devices"),
    ],
)
def test_what_cuda_refuses_is_refused(act, told, monkeypatch):
    relu = Stack([chain(ACTIVATIONS["relu"], 3, 0)], [nn.CrossEntropyLoss()]).layers[0].__class__
    compute = relu.compute

    def odd(self, x, y):
        if torch.utils._python_dispatch._get_current_dispatch_mode() is not None:
            act(x)
        compute(self, x, y)

    monkeypatch.setattr(relu, "compute", odd)
    with pytest.raises(RefusedError, match=told):
        train(Captured, "relu", 2)


def test_a_graph_keeps_to_memory_that_stays():
    kept, tape = [torch.zeros(3)], Tape("cpu")
    result = tape.capture(lambda: kept[0] + 1)
    kept[0].fill_(5)
    tape.replay()
    assert result.tolist() == [6, 6, 6]
    kept.clear()
    with pytest.raises(AssertionError, match="gone"):
        tape.replay()


def test_a_forgotten_stack_leaves_no_memory_behind():
    gc.collect()
    gc.disable()
    try:
        _, stack = train(Captured, "batch", 2)
        passes = [weakref.ref(each) for each in stack._passes.values()]
        assert passes
        del stack
        assert not any(each() for each in passes)
    finally:
        gc.enable()


@pytest.fixture
def journal(monkeypatch):
    """Put stand-ins that only take notes, with the signatures of this torch, in the place of CUDA."""
    notes, current = [], ["main"]

    class Stream:
        device = torch.device("cuda:1")

        def __init__(self, name):
            self.name = name

        def wait_stream(self, other):
            notes.append(f"{self.name} waits for {other.name}")

    @contextmanager
    def on(stream):
        before, current[0] = current[0], stream.name
        try:
            yield
        finally:
            current[0] = before

    class Graph:
        def replay(self):
            notes.append(f"replay on {current[0]}")

    class Capture:
        def __init__(self, *args, **kwargs):
            self.told = signature(torch_graph).bind(*args, **kwargs).arguments

        def __enter__(self):
            self.before, current[0] = current[0], self.told["stream"].name
            notes.append(f"record on {current[0]}, {self.told['capture_error_mode']}")

        def __exit__(self, kind, *_):
            notes.append("recorded")
            if kind is None:
                current[0] = self.before
                return
            # As torch does where a capture can't be ended: the stream stays the current one.
            raise RuntimeError("operation failed due to a previous error during capture")

    torch_graph = torch.cuda.graph
    side, main = Stream("side"), Stream("main")
    stand_ins = {"CUDAGraph": Graph, "graph": Capture, "stream": on}
    stand_ins |= {"Stream": lambda device: side, "current_stream": lambda device: main}
    for name, each in stand_ins.items():
        monkeypatch.setattr(torch.cuda, name, each)
    monkeypatch.setattr(captured, "_threads", local())
    return notes, current


def test_a_cuda_graph_warms_up_and_records_on_a_side_stream_and_replays_where_the_work_goes_on(journal):
    notes, current = journal
    graph = captured.CUDAGraph(torch.device("cuda:1"))

    def call():
        notes.append(f"call on {current[0]}")
        return torch.ones(1)

    graph.warm_up(call)
    graph.capture(call)
    graph.replay()
    assert notes == [
        *("side waits for main", "call on side", "main waits for side"),
        *("record on side, thread_local", "call on side", "recorded"),
        "replay on main",
    ]


def test_a_capture_that_fails_leaves_the_stream_that_was_current(journal):
    _, current = journal
    with pytest.raises(RuntimeError, match="previous error"):
        captured.CUDAGraph(torch.device("cuda:1")).capture(lambda: torch.ones(1)[:, 7])
    assert current == ["main"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("num_nets", [1, 8])
def test_a_cuda_graph_gives_the_same_bits(num_nets):
    for name in NETS:
        plain, _ = train(Stack, name, num_nets, "cuda")
        ours, _ = train(Captured, name, num_nets, "cuda")
        assert same(ours, plain), name
