"""A checkpoint with one wrong bit, or cut short, is told; none is loaded."""

import random

import pytest
from support.runs import experiment

from normlab.engine.loop import run
from normlab.engine.sealed import CheckpointError, unseal

SETTINGS = {"model.norm.kind": "batch", "model.dropout.kind": "dropout", "optimizer.kind": "adamw"}


def test_every_flipped_bit_and_every_cut_of_a_checkpoint_is_told(tmp_path, times):
    list(run(experiment(SETTINGS), device="cpu", folder=tmp_path))
    draw, damages = random.Random(0), times(200, 2000)
    files = sorted(tmp_path.glob("*.safetensors"))
    assert [path.stem for path in files] == ["best", "last", "state"]
    for number in range(damages):
        raw = bytearray(files[number % 3].read_bytes())
        if draw.random() < 0.2:
            del raw[draw.randrange(len(raw)) :]
        else:
            raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        damaged = tmp_path / "damaged.safetensors"
        damaged.write_bytes(raw)
        with pytest.raises(CheckpointError, match=r"damaged\.safetensors: .*; "):
            unseal(damaged)
    for path in files:
        unseal(path)
    print(f"{damages} damaged checkpoints: all were told")
