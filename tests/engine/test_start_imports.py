"""What a short run imports beside torch: libraries that take longer to import than it takes to train."""

import subprocess
import sys

import pytest

TRAIN = """
import sys
from normlab import Experiment, change, run
for event in run(change(Experiment(), {"training.epochs": 1}), device="cpu"):
    pass
print(*({"torch._dynamo", "triton", "sklearn", "scipy", "pandas"} & set(sys.modules)), end="", file=sys.stderr)
"""


@pytest.mark.slow
def test_digits_are_trained_without_scikit_learn_and_without_torch_s_compiler():
    done = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True)
    assert done.stderr == ""
