import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

import pytest
from support.told import told

from normlab.__main__ import main
from normlab.store.errors import StoreError
from normlab.store.record import record
from normlab.store.store import open_store

PRESET = """
title = "Tiny"

[experiment.dataset]
kind = "circles"
samples = 120

[experiment.model]
kind = "mlp"
hidden = [8]

[experiment.optimizer]
kind = "sgd"

[experiment.training]
epochs = 3
batch_size = 32

[[arms]]
name = "batch norm"
set = { "model.norm.kind" = "batch" }
"""
STUDY = """
[study]
seeds = 2
"""
CLAIM = """
[[claims]]
text = "Batch norm ends at a lower training loss"
arm = "batch norm"
metric = "train_loss"
direction = "lower"
"""


@pytest.fixture
def plain(tmp_path):
    """The path of a preset that trains in no time: two arms, each run once."""
    path = tmp_path / "plain.toml"
    path.write_text(PRESET)
    return str(path)


@pytest.fixture
def preset(tmp_path):
    """The path of a study that trains in no time: two arms, two seeds, no claim."""
    path = tmp_path / "tiny.toml"
    path.write_text(PRESET + STUDY)
    return str(path)


@pytest.fixture
def claimed(tmp_path):
    """The path of such a study with a claim."""
    path = tmp_path / "claimed.toml"
    path.write_text(PRESET + STUDY + CLAIM)
    return str(path)


@pytest.fixture
def normlab():
    """Run the command line as a process of its own."""

    def call(*arguments, **options):
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **options.pop("env", {})}
        return subprocess.run(
            [sys.executable, "-m", "normlab", *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            env=environment,
            **options,
        )

    return call


@dataclass
class Said:
    code: int
    out: str
    err: str


@pytest.fixture
def say(capsys, monkeypatch):
    """Run the command line in this process: its exit code and what it wrote."""

    def call(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["normlab", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        said = Said(caught.value.code or 0, *capsys.readouterr())
        assert "Traceback" not in said.err
        assert said.code == code, said.err
        return said

    return call


@pytest.fixture
def keep():
    """Keep a run that never happened, and give its id."""

    def call(run="aaaaaa", settings=None, **how):
        list(record(told(run, settings, **how), open_store()))
        open_store().close()  # its folder is written then too
        return run

    yield call
    with suppress(StoreError):
        open_store().close()
