"""A run that was killed goes on, and a finished one is trained for longer."""

import json
import signal
import subprocess
import sys

import pytest
from support.runs import TINY

from normlab.engine.weights import read_weights
from normlab.store import owners
from normlab.store.find import find_run, find_runs
from normlab.store.going_on import STATE
from normlab.store.replay import replay
from normlab.store.store import open_store

TIMES = ("seconds", "samples_per_second")


def timeless(point):
    return {name: value for name, value in point.items() if name not in TIMES}


def has_state(run):
    (open_store().runs / run / STATE).write_bytes(b"no state")


def test_a_completed_run_is_to_be_extended_and_a_diverged_one_is_over(say, keep):
    keep()
    line = "run: aaaaaa: has reached its end; train on: normlab runs extend aaaaaa --epochs N\n"
    assert say("runs", "resume", "aaa", code=2).err == line
    open_store().write(lambda c: c.execute("UPDATE runs SET outcome = 'diverged'"))
    assert "has diverged" in say("runs", "resume", "aaa", code=2).err


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (
            ["--epochs", "3"],
            "training.epochs: 3: is not more than the 3 that run aaaaaa has trained; give more\n",
        ),
        (["--steps", "900"], "--epochs: is what run aaaaaa is counted in; give --epochs N alone\n"),
        ([], "--epochs: is what run aaaaaa is counted in; give --epochs N alone\n"),
        (["--epochs", "9", "--device", "gpu"], "device: gpu: is unknown"),
        (["--epochs", "9", "--time-limit", "soon"], "--time-limit: soon: must be a span of time"),
    ],
)
def test_a_length_that_is_none_is_one_line_and_code_2(say, keep, arguments, rule):
    has_state(keep())
    said = say("runs", "extend", "aaa", *arguments, code=2)
    assert said.err.startswith(rule)
    assert said.err.count("\n") == 1


def test_a_run_without_a_state_is_not_extended_and_the_way_on_is_named(say, keep):
    preset = open_store().runs / keep() / "experiment.toml"
    said = say("runs", "extend", "aaa", "--epochs", "9", code=2)
    line = f"run: aaaaaa: has no state to go on from; begin a new one: normlab --preset {preset} --no-ui\n"
    assert said.err == line


def test_a_diverged_run_is_not_extended(say, keep):
    has_state(keep())
    open_store().write(lambda c: c.execute("UPDATE runs SET outcome = 'diverged'"))
    assert "aaaaaa: has diverged; " in say("runs", "extend", "aaa", "--epochs", "9", code=2).err


@pytest.mark.parametrize("command", [["resume"], ["extend", "--epochs", "9"]])
def test_a_store_of_a_later_version_lets_no_run_go_on(say, keep, command):
    has_state(keep())
    open_store().write(lambda c: c.execute("UPDATE runs SET outcome = 'interrupted'"))
    open_store().write(lambda c: c.pragma("user_version", 99))
    open_store().close()
    said = say("runs", command[0], "aaa", *command[1:], code=2)
    assert "version 99" in said.err
    assert said.err.count("\n") == 1


def test_a_damaged_state_is_told_in_a_line_and_leaves_the_run_as_it_was(say, keep):
    has_state(keep())
    open_store().write(lambda c: c.execute("UPDATE runs SET outcome = 'interrupted'"))
    for form in ("--json", "--quiet"):
        said = say("runs", "resume", "aaa", form, code=2)
        assert "state.safetensors: is damaged" in said.err
        assert said.out == ""
    assert find_run(open_store(), "aaa").outcome == "interrupted"


def test_of_two_that_resume_a_run_at_once_one_is_refused(say, keep, monkeypatch):
    keep()
    open_store().write(lambda c: c.execute("UPDATE runs SET outcome = 'interrupted'"))

    def find_it_and_be_slow(store, start):
        run = find_run(store, start)

        def resume_elsewhere(connection):
            number = owners.register(connection, owners.this_process())
            connection.execute("UPDATE runs SET owner = ?, outcome = NULL", (number,))

        store.write(resume_elsewhere)
        return run

    monkeypatch.setattr("normlab.cli.resume.find_run", find_it_and_be_slow)
    said = say("runs", "resume", "aaa", "--json", code=2)
    assert said.out == ""
    assert "run: aaaaaa: is under way in another process; " in said.err
    assert find_run(open_store(), "aaa").outcome is None


def test_a_run_whose_first_weights_are_gone_says_which(say, keep):
    keep()
    open_store().write(lambda c: c.execute("UPDATE runs SET outcome = 'interrupted', origin = 'bbbbbb:best'"))
    said = say("runs", "resume", "aaa", code=2)
    assert "run: aaaaaa: began with the weights bbbbbb:best, which are gone; begin a new run" in said.err
    assert said.err.count("\n") == 2  # that it begins anew is told before


@pytest.mark.parametrize("option", [["--from", "x"], ["--checkpoint-every", "2"], ["--time-limit", "9"]])
def test_options_of_headless_runs_want_no_ui(say, option):
    said = say("--preset", "digits", *option, code=2)
    assert said.err == f"{option[0]}: is for runs without the screen; add --no-ui\n"


def test_unknown_weights_are_refused_before_torch_is_loaded(say):
    said = say("--preset", "digits", "--no-ui", "--from", "abc:best", code=2)
    assert said.err == "run: abc: is unknown; see normlab runs list\n"


@pytest.fixture
def single(tmp_path):
    """Arguments of one run, whose settings are support.runs.TINY."""
    path = tmp_path / "single.toml"
    path.write_text('title = "Single"\n[experiment.dataset]\nkind = "circles"\n')
    words = [word for setting in TINY.items() for word in ("--set", "=".join(map(str, setting)))]
    return ["--preset", str(path), "--no-ui", *words]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_killed_run_is_interrupted_and_resumed_to_the_same_numbers(say, single, tmp_path, monkeypatch):
    long = [*single, "--set", "training.epochs=100", "--checkpoint-every", "7", "--json"]
    command = [sys.executable, "-m", "normlab", *long]
    seen = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        for line in process.stdout:
            seen.append(json.loads(line))
            if seen[-1]["event"] == "measured" and seen[-1]["epoch"] >= 20:
                process.send_signal(signal.SIGKILL)
                break
        seen += [json.loads(line) for line in process.stdout if line.endswith("}\n")]
    acknowledged = [event["epoch"] for event in seen if event["event"] == "measured"]

    (listed,) = json.loads(say("runs", "list", "--json").out)
    assert (listed["outcome"], listed["id"]) == ("interrupted", seen[0]["run"])
    kept = [json.loads(line) for line in say("runs", "show", listed["id"], "--events").out.splitlines()]
    assert set(acknowledged) <= {event["epoch"] for event in kept if event["event"] == "measured"}
    open_store().close()

    assert "goes on after step" in say("runs", "resume", listed["id"][:4]).err
    resumed = find_runs(open_store()).runs[0]
    numbers = [json.loads(line) for line in say("runs", "show", resumed.id, "--events").out.splitlines()]
    numbers = {e["epoch"]: timeless(e["metrics"]) for e in numbers if e["event"] == "measured"}
    open_store().close()

    monkeypatch.setenv("NORMLAB_HOME", str(tmp_path / "other"))
    say(*long)
    other = open_store()
    (whole,) = find_runs(other).runs
    events = replay(whole.id, other)
    assert numbers == {e.epoch: timeless(e.metrics) for e in events if e.event == "measured"}
    assert len(numbers) == 100
    one, two = (read_weights(run.folder / "last.safetensors").tensors for run in (resumed, whole))
    assert all((one[name] == two[name]).all() for name in one)
    assert one.keys() == two.keys()
    other.close()


@pytest.mark.slow
def test_a_run_that_reached_its_time_limit_is_resumed_extended_and_started_from(say, single):
    say(*single, "--set", "training.epochs=100000", "--time-limit", "0.2s", "--quiet")
    (run,) = find_runs(open_store()).runs
    assert (run.outcome, run.reason) == ("stopped", "time limit of 0.2 s")
    said = say("runs", "resume", run.id, "--time-limit", "0.1s")
    assert f"resume with: normlab runs resume {run.id}\n" in said.err
    assert find_run(open_store(), run.id).step > run.step

    say(*single, "--quiet")
    done = find_runs(open_store()).runs[0]
    said = say("runs", "extend", done.id, "--epochs", "5", "--json")
    epochs = [e["epoch"] for e in map(json.loads, said.out.splitlines()) if e["event"] == "measured"]
    assert epochs == [4, 5]
    longer = find_run(open_store(), done.id)
    assert (longer.outcome, longer.epoch, longer.experiment.training.epochs) == ("completed", 5, 5)

    said = say(*single, "--from", f"{done.id}:last", "--set", "model.norm.kind=batch")
    assert f"weights of {done.id}:last: " in said.err
    assert " left as drawn (" in said.err
    assert find_runs(open_store()).runs[0].origin == f"{done.id}:last"
    (done.folder / "best.safetensors").write_bytes(b"\x80\x02damaged")
    assert "best.safetensors" in say(*single, "--from", done.id, code=2).err
    open_store().close()
