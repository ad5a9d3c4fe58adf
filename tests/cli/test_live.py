"""The progress line, on a terminal of its own."""

import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from support.terminal import on_terminal


def test_a_terminal_of_80_columns_shows_where_the_run_is_and_how_long_it_takes(plain):
    settings = ["--set", "training.epochs=3000", "--set", "model.norm.kind=layer"]
    code, written = on_terminal(["--preset", plain, "--no-ui", *settings], columns=80)
    assert code == 0
    lines = written.replace("\r", "\n").split("\n")
    live = [line for line in lines if "1/2 baseline · seed 0" in line and "epoch " in line]
    assert live, "the line names run, arm, seed and epoch"
    assert any("train_loss" in line for line in live)
    assert any("0:0" in line for line in live), "and the time left"
    assert "loading PyTorch" in written
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h"), "the cursor is shown again"
    assert "o baseline" in written
    assert "model.norm" in written
