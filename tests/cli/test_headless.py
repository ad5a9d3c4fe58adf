import json
import signal
import subprocess
import sys
import time

import pytest

from normlab.engine.events import RunFinished, RunStarted, read_event


@pytest.fixture
def long(plain):
    """Arguments of a run that takes far longer than any test waits."""
    return ["--preset", plain, "--no-ui", "--set", "training.epochs=10000000"]


def test_every_arm_runs_and_the_table_ends_it(normlab, plain):
    done = normlab("--preset", plain, "--no-ui")
    assert done.returncode == 0, done.stderr
    for number, arm in enumerate(["baseline", "batch norm"]):
        assert f"run {number + 1}/2: {arm}" in done.stderr
    assert "batch norm (norm = batch), seed 0" in done.stderr, "an arm says what it changes"
    lines = done.stdout.splitlines()
    table = next(i for i, line in enumerate(lines) if line.split() == ["baseline", "batch", "norm"])
    assert lines[table + 2].split() == ["model.norm", "none", "batch"], "settings that differ come first"
    assert any(line.startswith(" val_loss (best") for line in lines[table:])
    assert any(line.split() == ["parameters", "42", "58"] for line in lines[table:])
    assert "o baseline   x batch norm" in done.stdout
    assert "┌" in "".join(lines[:table]), "the curves are drawn before it"
    assert "\x1b" not in done.stdout + done.stderr, "no colours where nobody looks"


def test_quiet_prints_the_table_alone(normlab, plain):
    done = normlab("--preset", plain, "--no-ui", "--quiet")
    assert done.stderr == ""
    assert done.stdout.strip().startswith("baseline")


def test_json_is_a_line_an_event(normlab, plain):
    done = normlab("--preset", plain, "--no-ui", "--json", "--seed", "7")
    assert done.stderr == ""
    events = [read_event(line) for line in done.stdout.splitlines()]
    started = [event for event in events if isinstance(event, RunStarted)]
    assert [(event.arm, event.seed, event.experiment.seed) for event in started] == [
        ("baseline", 7, 7),
        ("batch norm", 7, 7),
    ]
    assert [event.outcome for event in events if isinstance(event, RunFinished)] == ["completed"] * 2
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()[:2]] == [
        "run_created",
        "run_started",
    ]


def test_settings_change_every_arm(normlab, plain):
    done = normlab(
        "--preset", plain, "--no-ui", "--json", "--set", "optimizer.lr=0.5", "--set", "model.hidden=[4]"
    )
    for line in done.stdout.splitlines():
        if (event := json.loads(line))["event"] == "run_started":
            assert event["experiment"]["optimizer"]["lr"] == 0.5
            assert event["experiment"]["model"]["hidden"] == [4]


def test_runs_are_kept_in_their_folders(normlab, plain, tmp_path):
    normlab("--preset", plain, "--no-ui", "--quiet")
    folders = list((tmp_path / "home" / "runs").iterdir())
    assert len(folders) == 2
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == {
            "experiment.toml",
            "best.safetensors",
            "last.safetensors",
            "state.safetensors",
            "run.jsonl",
        }


def test_a_diverged_run_is_code_1_and_shown(normlab, plain):
    settings = [
        "dataset.kind=noisy_line",
        "dataset.samples=10",
        "loss.kind=mse",
        "model.activation.kind=none",
    ]
    arguments = [
        word
        for setting in [*settings, "optimizer.lr=100", "training.epochs=50"]
        for word in ("--set", setting)
    ]
    done = normlab("--preset", plain, "--no-ui", *arguments)
    assert done.returncode == 1
    assert "diverged (" in done.stderr
    assert any(line.split()[:2] == ["outcome", "diverged"] for line in done.stdout.splitlines() if line)
    assert "o baseline (diverged)" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_and_exits_with_128_and_its_number(long, tmp_path, name):
    number = getattr(signal, name)
    command = [sys.executable, "-m", "normlab", *long, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if '"measured"' in line:
                break
        process.send_signal(number)
        rest, told = process.communicate(timeout=60)
        assert process.returncode == 128 + number
    finished = read_event(rest.splitlines()[-1])
    assert (finished.outcome, finished.reason) == ("interrupted", f"signal {name}")
    (folder,) = (tmp_path / "home" / "runs").iterdir()
    assert (folder / "last.safetensors").exists()
    assert f"resume with: normlab runs resume {folder.name}\n" in told


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_before_training_ends_at_once(long):
    command = [sys.executable, "-m", "normlab", *long]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1.5)  # torch is being imported
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_a_reader_that_leaves_ends_it_quietly(long):
    command = [sys.executable, "-m", "normlab", *long, "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == ""
