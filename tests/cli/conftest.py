import os
import subprocess
import sys

import pytest

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

[study]
seeds = 2
"""


@pytest.fixture
def preset(tmp_path):
    """The path of a preset that trains in no time: two arms, two seeds."""
    path = tmp_path / "tiny.toml"
    path.write_text(PRESET)
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
