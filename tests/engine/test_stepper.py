import math
import subprocess
import sys

import pytest
import torch
from support.runs import experiment
from torch import nn

from normlab.engine.module import build_module
from normlab.engine.stepper import Stepper

CPU = torch.device("cpu")


def stepper_of(settings=None):
    wanted = experiment(settings)
    module = build_module(wanted.model, (2,), 2, 0, CPU)
    return Stepper(wanted, module, wanted.loss.build(), wanted.schedule.build(100, 10), CPU)


def batch():
    draw = torch.Generator().manual_seed(0)
    return torch.randn(16, 2, generator=draw), torch.randint(0, 2, (16,), generator=draw)


def grads_of(stepper):
    return [parameter.grad.clone() for parameter in stepper.module.parameters()]


@pytest.mark.parametrize("settings", [{"clip_norm": 0.01}, {"clip_norm": 1e3}, {"clip_value": 0.003}])
def test_gradients_are_clipped_as_torch_clips_them(settings):
    plain = stepper_of()
    plain.step(0, *batch(), wants_norm=True)
    clipped = stepper_of({f"training.{name}": value for name, value in settings.items()})
    clipped.step(0, *batch(), wants_norm=True)
    for parameter in plain.module.parameters():
        parameter.grad = parameter.grad.clone()
    if "clip_norm" in settings:
        norm = nn.utils.clip_grad_norm_(plain.module.parameters(), settings["clip_norm"])
        assert float(clipped.grad_norm) == pytest.approx(float(norm), rel=1e-6)
        assert float(plain.grad_norm) == pytest.approx(float(norm), rel=1e-6)
    else:
        nn.utils.clip_grad_value_(plain.module.parameters(), settings["clip_value"])
    for ours, theirs in zip(grads_of(clipped), grads_of(plain), strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-6, atol=0)


def test_the_norm_of_many_gradients_is_exact_to_six_digits():
    stepper = stepper_of()
    stepper.flat.grads = torch.full((2_000_000,), 0.1)
    stepper._limit(wants_norm=True)
    assert float(stepper.grad_norm) == pytest.approx(0.1 * math.sqrt(2e6), rel=1e-6)


def test_gradients_are_those_of_the_last_batch_alone():
    first, second = stepper_of({"optimizer.lr": 0.0}), stepper_of()
    x, y = batch()
    first.step(0, x.flip(0) * 2, y, wants_norm=False)
    for stepper in (first, second):
        stepper.step(1, x, y, wants_norm=True)
    assert all(torch.equal(a, b) for a, b in zip(grads_of(first), grads_of(second), strict=True))
    assert torch.equal(first.grad_norm, second.grad_norm)


@pytest.mark.slow
def test_no_run_waits_for_torch_s_compiler_to_be_imported():
    """It costs more than a second of every process; torch's own optimizers import it before the first step."""
    code = """
import sys
from normlab import Experiment, change, run
base = change(Experiment(), {"dataset.kind": "digits", "training.steps": 3, "training.evaluate_every": 3})
cnn = {"model.kind": "cnn", "model.channels": [4], "model.norm.kind": "batch", "model.dropout.kind": "dropout2d"}
for settings in (
    {}, {"optimizer.kind": "sgd", "training.clip_norm": 1.0}, {"training.precision": "bfloat16"},
    {"optimizer.kind": "rprop", "training.clip_value": 0.1}, cnn,
    {**cnn, "optimizer.kind": "adamw", "training.clip_norm": 1.0},
):
    assert list(run(change(base, settings), device="cpu"))[-1].outcome == "completed"
    assert "torch._dynamo" not in sys.modules, settings
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
