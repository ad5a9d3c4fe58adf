"""A sealed file tells every damage, and a foreign one gets a clear refusal."""

import hashlib
import json
import math
import os
import pickle
import random

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.damage import reseal, undetected
from support.runs import events_of, experiment

from normlab.components.optimizers import Optimizer
from normlab.core.choice import members
from normlab.engine.loop import run
from normlab.engine.nested import pack, unpack
from normlab.engine.resuming import VERSION, read_state
from normlab.engine.sealed import CheckpointError, seal, unseal
from normlab.engine.weights import read_weights

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool)


@pytest.fixture
def folder(tmp_path):
    """A run's folder."""
    events_of({"model.hidden": [4], "training.epochs": 1}, folder=tmp_path / "run", run_id="abc")
    return tmp_path / "run"


def write(path, tensors, texts):
    path.write_bytes(b"".join(seal(tensors, texts)))
    return path


def same(first, second):
    return first.dtype == second.dtype and first.shape == second.shape and torch.equal(first, second)


def test_what_is_sealed_comes_back_and_safetensors_reads_it_too(tmp_path):
    tensors = {f"a.{dtype}": torch.arange(7).to(dtype) for dtype in DTYPES}
    tensors |= {
        "scalar": torch.tensor(1.5),
        "none": torch.zeros(0, 3),
        "turned": torch.rand(3, 4).T,
        "é": torch.ones(1),
    }
    path = write(tmp_path / "x", tensors, {"note": 'a "sha256":"' + "0" * 64 + '"'})
    read, texts = unseal(path)
    assert texts["note"] == 'a "sha256":"' + "0" * 64 + '"'
    for others in (read, load_file(path)):
        assert others.keys() == tensors.keys()
        assert all(same(others[name], tensor) for name, tensor in tensors.items())


def test_equal_contents_are_equal_bytes(tmp_path):
    one, other = ({name: torch.ones(2) for name in names} for names in ("ab", "ba"))
    assert b"".join(seal(one, {})) == b"".join(seal(other, {}))


@pytest.mark.parametrize("name", ["best", "last", "state"])
def test_every_flipped_bit_and_every_missing_end_is_told(folder, name):
    path = folder / f"{name}.safetensors"
    assert undetected(path, 400, read_state if name == "state" else read_weights) == []
    unseal(path)


def test_every_bit_of_the_header_is_under_the_seal(tmp_path):
    path = write(tmp_path / "x", {"a": torch.ones(1)}, {})
    raw = path.read_bytes()
    for place in range(len(raw)):
        for bit in range(8):
            spoilt = bytearray(raw)
            spoilt[place] ^= 1 << bit
            path.write_bytes(spoilt)
            with pytest.raises(CheckpointError):
                unseal(path)


class Bomb:
    def __reduce__(self):
        return os.abort, ()


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\0" * 8, b"\xff" * 8, b"\xff" * 1000, b"{}", random.Random(0).randbytes(5000), pickle.dumps(Bomb()),
        (2**62).to_bytes(8, "little") + b'{"__metadata__":{}}', b"PK\3\4" + b"\0" * 100,
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused_and_never_executed(tmp_path, raw):
    path = tmp_path / "x.safetensors"
    path.write_bytes(raw)
    with pytest.raises(CheckpointError, match="was not written by normlab"):
        unseal(path)


def sealed_header(text):
    """A file of that header alone, its seal in order."""
    raw = len(text).to_bytes(8, "little") + text
    return raw.replace(b"0" * 64, hashlib.sha256(raw).hexdigest().encode())


@pytest.mark.parametrize(
    "header",
    [
        '{"__metadata__":{"sha256":"SEAL"},"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}',
        '{"__metadata__":{"sha256":"SEAL"},"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}',
        '{"__metadata__":{"sha256":"SEAL"},"a":' + "[" * 100_000,
        '{"__metadata__":[{"sha256":"SEAL"}]}',
        '{"a":{"sha256":"SEAL"}}',
        '[{"sha256":"SEAL"}]',
    ],
    ids=lambda text: text[:90],
)  # fmt: skip
def test_a_seal_in_order_does_not_make_a_file_of_tensors(tmp_path, header):
    path = tmp_path / "x"
    path.write_bytes(sealed_header(header.replace("SEAL", "0" * 64).encode()))
    with pytest.raises(CheckpointError, match="is no file of tensors"):
        unseal(path)


def test_weights_of_another_program_are_refused(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "x.safetensors")
    with pytest.raises(
        CheckpointError, match=r"x\.safetensors: is damaged, or was not written by normlab; train anew"
    ):
        read_weights(tmp_path / "x.safetensors")


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), os.mkfifo])
def test_what_is_no_file_is_told_at_once(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(CheckpointError, match="is not there|is no file"):
        unseal(tmp_path / "x")


def test_more_than_the_memory_is_not_read(tmp_path):
    with (tmp_path / "x").open("wb") as file:
        file.truncate(2**43)
    with pytest.raises(CheckpointError, match=r"has 8.0 TiB, more than the memory"):
        unseal(tmp_path / "x")


# A run's state

KEPT = [
    {"optimizer.kind": "sgd", "optimizer.momentum": 0.9},
    {"optimizer.kind": "rmsprop", "optimizer.momentum": 0.5, "optimizer.centered": True},
    {"optimizer.kind": "lbfgs", "training.batch_size": "full"},
    *({"optimizer.kind": kind} for kind in members(Optimizer) if kind not in ("sgd", "rmsprop", "lbfgs")),
]


def shrink(parts):
    parts["model"]["head.weight"] = torch.ones(1, 1)


def retype(parts):
    parts["model"]["head.bias"] = parts["model"]["head.bias"].double()


def rename(parts):
    parts["model"]["other"] = parts["model"].pop("head.bias")


@pytest.mark.parametrize("change", [shrink, retype, rename])
def test_tensors_are_compared_with_the_model_before_they_are_loaded(folder, change):
    wanted = experiment({"model.hidden": [4], "training.epochs": 1})
    path = folder / "state.safetensors"
    reseal(path, change)
    raw = path.read_bytes()
    with pytest.raises(CheckpointError, match="does not fit the model at (head|other)"):
        list(run(wanted, device="cpu", folder=folder, resume=True))
    assert path.read_bytes() == raw, "what could not be taken up is left as it was"


def others_than(value):
    """What no optimizer makes in place of a value: other shapes, or no tensors at all."""
    if isinstance(value, list):
        return ["x", *([other] for item in value[:1] if item is not None for other in others_than(item))]
    if not isinstance(value, torch.Tensor):
        return ["x", torch.ones(3, 3)]
    shapes = [(), (1,), (*value.shape, 1), (0,), (3, 3, 3)]
    return ["x", [value], *(torch.ones(shape) for shape in shapes if shape != tuple(value.shape))]


@pytest.mark.parametrize("settings", KEPT, ids=lambda settings: settings["optimizer.kind"])
def test_what_an_optimizer_keeps_is_compared_with_its_parameters_before_any_step(tmp_path, settings):
    settings = {"model.hidden": [4], "training.epochs": 2, **settings}
    events_of(settings, folder=tmp_path)
    path = tmp_path / "state.safetensors"
    raw = path.read_bytes()
    kept = read_state(path).parts["stepper"]["optimizer"]["state"]
    spoilt = [
        (place, key, other)
        for place, state in kept.items()
        for key, value in state.items()
        for other in others_than(value)
    ]
    assert spoilt
    longer = experiment({**settings, "training.epochs": 3})
    for place, key, other in spoilt:
        path.write_bytes(raw)
        reseal(path, lambda parts: parts["stepper"]["optimizer"]["state"][place].update({key: other}))  # noqa: B023
        with pytest.raises(CheckpointError, match=rf"optimizer\.{place}\.{key}|holds no run's state"):
            list(run(longer, device="cpu", folder=tmp_path, resume=True))
    path.write_bytes(raw)
    assert list(run(longer, device="cpu", folder=tmp_path, resume=True))[-1].outcome == "completed"


def put(path, value):
    """Change a part of a state, named by its path."""

    def change(parts):
        *outer, last = path.split(".")
        for name in outer:
            parts = parts[name]
        parts[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("stepper", {}), ("stepper", None), ("model", []), ("best", None), ("patience", {}),
        ("last", {"epoch": "x"}), ("last", None), ("experiment", None), ("run", None), ("run", 3),
        ("step", "x"), ("step", math.inf), ("step", -5), ("step", 10**9), ("step", 3.0), ("step", True),
        ("epoch", 7), ("epoch", -1), ("seconds", "x"), ("seconds", -1.0), ("seconds", math.nan),
        ("samples", "x"), ("samples", -1), ("since", "x"), ("since", math.inf), ("outcome", "splendid"),
        ("best.value", "x"), ("patience.best", "x"), ("patience.waited", "x"), ("stepper.factor", "x"),
        ("num_threads", "x"), ("device", 3), ("torch", None), ("untold", "x"), ("clock.best", "x"),
        ("stepper.optimizer.state", {99: {"step": torch.tensor(1.0)}}), ("tally.count", -1),
        ("tally", {"batches": [1], "sums": None, "count": 0}),
        ("tally", {"batches": [], "sums": torch.ones(3), "count": 0}),
        ("tally", {"batches": [(torch.ones(1), torch.ones(2, 2), torch.ones(2))], "sums": None, "count": 0}),
        ("tally", {"batches": [(torch.tensor(1.0), torch.ones(2, 2), torch.ones(3))], "sums": None, "count": 0}),
    ],
)  # fmt: skip
def test_a_state_that_makes_no_sense_is_refused(tmp_path, path, value):
    settings = {"model.hidden": [4], "training.epochs": 1, "schedule.kind": "plateau"}
    events_of(settings, folder=tmp_path)
    reseal(tmp_path / "state.safetensors", lambda parts: parts.update(untold=True))
    reseal(tmp_path / "state.safetensors", put(path, value))
    with pytest.raises(CheckpointError, match=r"state\.safetensors: (holds |does not fit the model at)"):
        list(run(experiment(settings), device="cpu", folder=tmp_path, resume=True))


def test_a_part_that_is_missing_is_told(folder):
    reseal(folder / "state.safetensors", lambda parts: parts.pop("run"))
    with pytest.raises(CheckpointError, match="holds no run's state"):
        read_state(folder / "state.safetensors")


def test_weights_are_no_state(folder):
    (folder / "last.safetensors").replace(folder / "state.safetensors")
    with pytest.raises(CheckpointError, match="holds no run's state"):
        read_state(folder / "state.safetensors")


def test_a_later_version_is_told(folder):
    path = folder / "state.safetensors"
    tensors, texts = unseal(path)
    write(path, tensors, {**texts, "version": str(VERSION + 1)})
    with pytest.raises(CheckpointError, match=f"of version {VERSION + 1}, and this normlab reads {VERSION}"):
        read_state(path)


# Nested data


def test_nested_data_comes_back_exactly():
    data = {
        "numbers": [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 2**70, True, None, "nan"],
        "odd": (math.nan, math.inf, -math.inf, ()),
        0: {"0": torch.ones(2), "d": {1: [torch.zeros(0), [None, torch.tensor(3)]]}},
        "": {},
    }
    text, tensors = pack(data)
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert repr(unpack(text, tensors)) == repr(data)


def test_what_is_not_plain_is_refused():
    with pytest.raises(TypeError, match="a/0 is a set"):
        pack({"a": [{1}]})


@pytest.mark.parametrize(
    "text", ['{"dict": [[1]]}', '{"tensor": "x"}', '{"a": 1}', '{"float": "x"}', "[", "[" * 99999]
)
def test_what_was_not_packed_is_told(text):
    with pytest.raises((ValueError, KeyError, TypeError, RecursionError)):
        unpack(text, {})


def test_a_damaged_file_says_how_to_go_on_without_it(folder):
    for name, other in (("state", "last"), ("best", "last"), ("last", "best")):
        path = folder / f"{name}.safetensors"
        path.write_bytes(b"")
        with pytest.raises(CheckpointError) as refused:
            unseal(path)
        assert f"--preset {folder}/experiment.toml --from run:{other}" in str(refused.value)
