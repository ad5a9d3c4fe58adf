"""A study without a screen: planned, run, gone on with, judged."""

import json
import re
import signal
import subprocess
import sys

import pytest

from normlab.cli.plan import plan
from normlab.lab.presets import load_preset
from normlab.store.connection import connect
from normlab.store.find import find_runs
from normlab.store.store import open_store
from normlab.store.studies import find_studies

DIVERGES = [
    word
    for setting in (
        "dataset.kind=noisy_line", "dataset.samples=10", "loss.kind=mse", "model.activation.kind=none",
        "optimizer.lr=100", "training.epochs=50",
    )
    for word in ("--set", setting)
]  # fmt: skip


CLAIM = """
[[claims]]
text = "Batch norm ends at a lower training loss"
arm = "batch norm"
metric = "train_loss"
direction = "lower"
"""


def study(say, path, *more, code=0):
    return say("--preset", path, "--no-ui", "--device", "cpu", *more, code=code)


def timeless(out):
    """The table without its last column, which is of seconds."""
    return [re.sub(r" +\S+ ± \S+ *$", "", line) for line in out.splitlines() if "seconds" not in line]


def events(out):
    return [json.loads(line) for line in out.splitlines()]


def test_it_tells_its_size_and_its_changes_and_ends_in_means_verdicts_and_caveats(say, claimed):
    said = study(say, claimed)
    (kept,) = find_studies(open_store())
    assert f"study {kept.id}: 2 arms x 2 seeds = 4 runs\n" in said.err
    assert "  batch norm: model.norm: none → batch\n" in said.err
    assert "follows: parameters: 42 → 58\n" in said.err
    assert "are too few to support 1 claim, whatever comes out; ask for 6: --seeds 6" in said.err
    assert re.search(r"about \d+ s with 1 process", said.err)
    assert "4/4 batch norm, seed 1: completed" in said.err
    assert f"study {kept.id}: Tiny: 4 of 4 runs (4 completed)\n" in said.out
    assert re.search(r"^ baseline +2 +0\.\d{4} ± 0\.\d{4} ", said.out, re.MULTILINE)
    assert "train_loss by epoch" in said.out
    assert "o baseline   x batch norm" in said.out
    assert "undecided  Batch norm ends at a lower training loss\n" in said.out
    assert "exploratory" in said.out
    assert "- 2 seeds: with fewer than 6 no claim can be decided." in said.out
    assert "\x1b" not in said.out + said.err, "no colours where nobody looks"


def test_a_second_time_nothing_is_trained_and_the_same_is_told(say, claimed):
    first, runs = study(say, claimed), find_runs(open_store()).total
    second = study(say, claimed)
    assert second.out == first.out
    assert "4 runs, all of them made" in second.err
    assert "completed;" not in second.err
    assert find_runs(open_store()).total == runs == 4
    assert len(find_studies(open_store())) == 1


def test_what_is_missing_is_made_and_nothing_else(say, claimed):
    study(say, claimed, "--seeds", "1")
    said = study(say, claimed)
    assert "4 runs, 2 of them made" in said.err
    assert "3/4 baseline, seed 1: completed" in said.err
    assert find_runs(open_store()).total == 4


@pytest.mark.slow
def test_two_jobs_come_to_the_same_as_one(say, claimed, tmp_path, monkeypatch):
    one = study(say, claimed, "--quiet")
    open_store().close()
    monkeypatch.setenv("NORMLAB_HOME", str(tmp_path / "other"))
    two = study(say, claimed, "--quiet", "--jobs", "2")
    assert timeless(two.out)[1:] == timeless(one.out)[1:], "but for the study's id and the seconds"
    assert find_runs(open_store()).total == 4


def test_json_tells_the_whole_study_whichever_of_it_was_there_before(say, claimed):
    study(say, claimed, "--seeds", "1", "--quiet")
    said = study(say, claimed, "--json")
    first, *others, verdict, last = events(said.out)
    assert first["event"] == "study_planned"
    assert (first["arms"], first["seeds"]) == (["baseline", "batch norm"], [0, 1])
    assert (first["num_runs"], first["num_done"], first["looks"]) == (4, 2, [2])
    started = [(e["arm"], e["seed"]) for e in others if e["event"] == "run_started"]
    assert started == [("baseline", 0), ("batch norm", 0), ("baseline", 1), ("batch norm", 1)]
    assert sum(e["event"] == "measured" for e in others) == 12
    assert sum(e["event"] == "run_finished" for e in others) == 4
    assert (verdict["event"], verdict["verdict"]) == ("verdict", "undecided")
    assert (last["event"], last["study"], last["outcome"]) == ("study_finished", first["study"], "completed")
    assert last["arms"][1]["measures"]["val_loss"]["values"].keys() == {"0", "1"}
    assert last["caveats"]
    assert said.err == ""


def test_quiet_ends_in_the_table_and_the_verdicts(say, claimed):
    said = study(say, claimed, "--quiet")
    assert said.err == ""
    assert "exploratory" not in said.out
    assert "undecided  Batch norm" in said.out
    assert "by epoch" not in said.out


def test_a_run_that_diverges_is_a_result_and_code_0(say, preset):
    said = study(say, preset, *DIVERGES)
    assert "4 of 4 runs (4 diverged)" in said.out
    assert "none (2 of 2 without)" in said.out
    assert "4 of 4 runs diverged (baseline: 2 runs; batch norm: 2 runs)" in said.out


def test_a_run_that_fails_is_code_1_and_is_tried_again(say, claimed, monkeypatch):
    from normlab.engine import data

    read = data.read
    monkeypatch.setattr(data, "read", lambda *rest: [][1])
    said = study(say, claimed, "--seeds", "1", code=1)
    assert "failed (IndexError" in said.err
    assert "1 seed" in said.out
    monkeypatch.setattr(data, "read", read)
    said = study(say, claimed, "--seeds", "1")
    assert "2 runs, all of them made" not in said.err
    assert re.search(r"about \d+ s with 1 process", said.err)
    assert "1/2 baseline, seed 0: completed" in said.err
    assert "2 of 2 runs (2 completed)" in said.out


def test_failed_runs_are_none_of_those_that_are_made(say, claimed, monkeypatch):
    from normlab.engine import data

    with monkeypatch.context() as broken:
        broken.setattr(data, "read", lambda *rest: [][1])
        study(say, claimed, "--seeds", "1", code=1)
    first, *others = events(study(say, claimed, "--seeds", "1", "--json").out)
    assert first["num_done"] == 0
    assert [e["outcome"] for e in others if e["event"] == "run_finished"] == ["completed", "completed"]


def test_what_is_expected_decides_the_code(say, claimed):
    study(say, claimed, "--quiet", "--expect", "undecided")
    said = study(say, claimed, "--quiet", "--expect", "supported", code=1)
    assert said.err == "--expect: claim 1 is undecided, not supported\n"


def test_each_claim_has_a_verdict_of_its_own_to_expect(say, claimed):
    with open(claimed, "a") as file:
        file.write(CLAIM.replace("lower training", "higher training").replace('"lower"', '"higher"'))
    study(say, claimed, "--quiet", "--expect", "undecided,undecided")
    said = study(say, claimed, "--quiet", "--expect", "undecided, refuted", code=1)
    assert said.err == "--expect: claim 2 is undecided, not refuted\n"
    said = study(say, claimed, "--expect", "undecided,refuted,supported", code=2)
    assert said.err == (
        "--expect: undecided,refuted,supported: names 3 verdicts, and there are 2 claims; "
        "name one for each, or one for all\n"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--expect", "suported"], "--expect: suported: is no verdict; did you mean supported?"),
        (["--jobs", "100000"], "--jobs: 100000: is more than "),
    ],
)
def test_bad_options_are_refused_before_anything_trains(say, claimed, tmp_path, arguments, line):
    said = study(say, claimed, *arguments, code=2)
    assert said.err.startswith(line)
    assert said.err.count("\n") == 1
    assert not (tmp_path / "home").exists()


def test_a_study_without_a_claim_can_not_be_expected_to_come_out(say, preset):
    said = study(say, preset, "--expect", "supported", code=2)
    assert said.err == "--expect: needs a claim to be judged; write [[claims]] into the preset\n"


@pytest.mark.parametrize("option", [["--jobs", "2"], ["--strict"], ["--expect", "supported"]])
def test_options_of_studies_are_refused_elsewhere(say, plain, claimed, option):
    name = option[0]
    said = say("--preset", plain, "--no-ui", *option, code=2)
    assert said.err == f"{name}: is for studies; add --seeds N\n"
    said = say("--preset", claimed, *option, code=2)
    assert said.err == f"{name}: is for runs without the screen; add --no-ui\n"


def test_strict_refuses_an_arm_that_changes_two_things(say, claimed, tmp_path):
    with open(claimed, "a") as file:
        file.write('[[arms]]\nname = "both"\nset = { "model.norm.kind" = "layer", "optimizer.lr" = 0.5 }\n')
    said = study(say, claimed, "--strict", code=2)
    assert said.err.startswith("arm: both: changes 2 settings of baseline: model.norm, optimizer.lr; ")
    assert not (tmp_path / "home").exists()
    said = study(say, claimed)
    assert re.search(r"both: model.norm: none → layer, optimizer.lr: .+ \(confounded: 2 changes\)", said.err)
    assert "both is confounded: it changes 2 settings" in said.out


def test_a_claim_about_what_is_not_measured_is_refused(say, claimed):
    with open(claimed, "a") as file:
        file.write('[[claims]]\ntext = "x"\narm = "batch norm"\nmetric = "val_rmse"\ndirection = "lower"\n')
    said = study(say, claimed, code=2)
    assert "val_rmse: is not measured by baseline" in said.err


def test_a_grid_is_told_and_each_place_has_its_row(say, preset):
    with open(preset, "a") as file:
        file.write('grid = { "optimizer.lr" = [0.01, 0.1] }\n')
    said = study(say, preset, "--set", "training.epochs=1")
    assert "2 arms x 2 places of the grid x 2 seeds = 8 runs" in said.err
    for arm in ("baseline", "batch norm"):
        for lr in (0.01, 0.1):
            assert re.search(rf"^ {arm} · lr = {lr} +2 ", said.out, re.MULTILINE)


def test_arms_that_are_the_same_share_their_runs(say, preset):
    said = study(say, preset, "--set", "model.norm.kind=batch")
    assert "batch norm: is the same as baseline" in said.err
    assert "4 of 4 runs" in said.out
    assert find_runs(open_store()).total == 2


def test_a_store_that_can_not_be_written_keeps_nothing_and_says_so_once(say, claimed, tmp_path):
    connection = connect(tmp_path / "home" / "lab.db")
    connection.pragma("user_version", 99)
    connection.close()
    said = study(say, claimed)
    assert said.err.count("warning: this run isn't kept: ") == 1
    assert "4 of 4 runs (4 completed)" in said.out


def test_seeds_begin_where_they_are_told_to(say, claimed):
    said = study(say, claimed, "--json", "--seed", "7", "--seeds", "1")
    assert events(said.out)[0]["seeds"] == [7]


def test_a_time_limit_leaves_runs_to_go_on_with(say, claimed):
    said = study(say, claimed, "--set", "training.epochs=2000", "--time-limit", "0.05", code=1)
    left = "4 of 4 runs are still to be made (4 stopped by --time-limit); go on with: normlab --preset "
    assert left in said.err
    assert "4 of 4 runs are still to be made, so nothing is decided yet." in said.out
    said = study(say, claimed, "--set", "training.epochs=2000", "--json")
    resumed = [e["resumed_at"] for e in events(said.out) if e["event"] == "run_started"]
    assert sum(step > 0 for step in resumed) == 4
    assert find_runs(open_store()).total == 4


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("optimizer.lr=0.5", "--set: optimizer.lr: is on the study's grid; change study.grid in the preset"),
        ("study.seeds=3", "--set: study.seeds: is no setting of the experiment; use --seeds"),
    ],
)
def test_what_the_study_itself_says_can_not_be_set(say, preset, setting, line):
    with open(preset, "a") as file:
        file.write('grid = { "optimizer.lr" = [0.01, 0.1] }\n')
    assert study(say, preset, "--set", setting, code=2).err == f"{line}\n"


def test_the_plan_says_what_the_baseline_is(say, preset):
    assert "  baseline: dataset = circles, model = mlp, norm = none, " in study(say, preset).err


def test_a_warning_of_one_run_is_told_with_its_name_and_one_of_its_settings_once(say, claimed):
    said = study(say, claimed)
    redundant = "model.bias: is redundant in front of batch norm"
    assert said.err.count(f"warning: {redundant}") == 1


def test_first_weights_are_part_of_a_study(say, claimed):
    study(say, claimed, "--seeds", "1", "--quiet")
    run = find_runs(open_store(), "norm=none").runs[0].id
    said = study(say, claimed, "--seeds", "1", "--from", f"{run}:best")
    assert f"baseline, seed 0: weights of {run}:best: 4 tensors matched" in said.err
    assert [each.origin for each in find_studies(open_store())] == [f"{run}:best", None]


def test_an_extension_is_told_and_a_third_look_refused(say, preset):
    assert "extends" not in study(say, preset, "--seeds", "6", "--set", "training.epochs=1").err
    said = study(say, preset, "--seeds", "7", "--set", "training.epochs=1")
    assert "from 6 to 7 seeds: its one extension, a second look, with which each look is judged" in said.err
    assert "It was extended from 6 to 7 seeds" in said.out
    said = study(say, preset, "--seeds", "6", "--set", "training.epochs=1")
    assert "it has 7 seeds, not 6: fewer change nothing" in said.err
    said = study(say, preset, "--seeds", "8", "--set", "training.epochs=1", code=2)
    assert "a third look would find what isn't there" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(("name", "jobs"), [("SIGINT", 1), ("SIGTERM", 2), ("SIGHUP", 1)])
def test_a_signal_saves_says_what_is_left_and_the_same_command_goes_on(claimed, name, jobs):
    number = getattr(signal, name)
    command = [
        sys.executable,
        "-m",
        "normlab",
        "--preset",
        claimed,
        "--no-ui",
        "--device",
        "cpu",
        "--seeds",
        "1",
    ]
    command += ["--set", "training.epochs=3000", "--json", "--jobs", str(jobs)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if '"measured"' in line:
                break
        process.send_signal(number)
        rest, told = process.communicate(timeout=60)
        assert process.returncode == 128 + number
    *_, verdict, last = events(rest)
    assert (verdict["verdict"], last["outcome"]) == ("undecided", "interrupted")
    assert "2 of 2 runs are still to be made; go on with: normlab --preset " in told
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    resumed = [e["resumed_at"] for e in events(done.stdout) if e["event"] == "run_started"]
    assert max(resumed) > 0
    assert events(done.stdout)[-1]["outcome"] == "completed"
    assert find_runs(open_store()).total == 2


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_leaves_ends_it_quietly(claimed):
    command = [sys.executable, "-m", "normlab", "--preset", claimed, "--no-ui", "--json"]
    command += ["--set", "training.epochs=10000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == ""


def test_another_number_of_seeds_keeps_the_grid():
    planned = plan("l01-learning-rates", [], None, 2).study
    assert planned.seeds == 2
    assert planned.grid == load_preset("l01-learning-rates").study.grid
