"""The grid of a study under way, on a terminal of its own."""

import re
import signal
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are POSIX's", allow_module_level=True)

from support.kept import keep
from support.terminal import on_terminal

from normlab.cli.study_live import StudyLive, group_seeds
from normlab.cli.study_pace import Pace
from normlab.engine.events import Progress, RunCreated, RunFinished, RunStarted
from normlab.lab.presets import Preset
from normlab.store.planning import keep_study
from normlab.store.slots import slots
from normlab.store.store import open_store
from normlab.store.studies import find_studies
from normlab.views.board import recall_board

ARM = {"model.norm.kind": "batch"}


def lines_of(written):
    """What was written, without colours and moves of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written).replace("\r", "\n").split("\n")


def live(seeds, arms=("batch norm",), width=80, height=24, grid=None):
    """A study of kept runs, about to be drawn."""
    tree = [
        {"name": name, "set": ARM if i == 0 else {"optimizer.lr": 0.5 + i}} for i, name in enumerate(arms)
    ]
    experiment = {"training": {"epochs": 3}}
    fields = {"title": "x", "experiment": experiment, "arms": tree}
    fields["study"] = {"seeds": seeds, "grid": grid or {}}
    study = keep_study(open_store(), Preset.model_validate(fields), "cpu")
    found = list(slots(open_store(), study))
    board = recall_board(study, open_store(), found)
    presenter = StudyLive(board, Pace(board, sum(slot.is_done for slot in found)))
    presenter.narration.width, presenter.narration.height = width, height
    return presenter, found


def drawn(presenter):
    with presenter.narration.capture() as capture:
        presenter.narration.print(presenter._draw())
    return capture.get().splitlines()


def test_a_terminal_of_80_columns_shows_a_mark_for_each_run_and_what_arms_come_to(claimed):
    arguments = ["--preset", claimed, "--no-ui", "--device", "cpu", "--set", "training.epochs=600"]
    code, written = on_terminal([*arguments, "--jobs", "2"], columns=80)
    assert code == 0
    lines = lines_of(written)
    assert all(len(line) <= 80 for line in lines)
    grid = [line for line in lines if re.match(r"(baseline|batch norm) +[^ ] [^ ] ", line)]
    assert any("✓" in line and "0." in line for line in grid), "done runs, with their mean"
    assert any(re.search("[▁▂▃▄▅▆▇█]", line) for line in grid), "runs under way, with their share"
    assert any("·" in line for line in grid), "runs that wait"
    assert any("· waiting" in line for line in lines), "and what the marks mean"
    assert any(re.match(r"\d/4 runs, about \d+ s left", line) for line in lines)
    assert any(re.match(r"  baseline · seed 0: epoch \d+/600, val_loss 0\.", line) for line in lines)
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h"), "the cursor is shown again"
    assert any(line.startswith("undecided  Batch norm") for line in lines)


def test_control_c_ends_the_grid_and_says_how_to_go_on(claimed):
    arguments = ["--preset", claimed, "--no-ui", "--device", "cpu", "--set", "training.epochs=100000"]
    code, written = on_terminal(arguments, columns=80, signal=signal.SIGINT, after=b"100,000, val_loss")
    assert code == 130
    assert written.count("\x1b[?25l") == written.count("\x1b[?25h")
    said = " ".join(lines_of(written))
    assert "stopping after this step and saving" in said
    assert "4 of 4 runs are still to be made; go on with: normlab --preset" in " ".join(said.split())


def test_control_c_before_anything_is_trained_is_a_line(claimed):
    arguments = ["--preset", claimed, "--no-ui", "--device", "cpu", "--set", "training.epochs=100000"]
    code, written = on_terminal(arguments, columns=80, signal=signal.SIGINT, after=b"loading PyTorch")
    assert code == 130
    assert written.endswith("interrupted while nothing was trained: nothing is lost\r\n")


@pytest.mark.parametrize(("answer", "code", "count"), [("n", 1, 6), ("y", 0, 7)])
def test_an_extension_is_asked_for_on_a_terminal(claimed, answer, code, count):
    on_terminal(["--preset", claimed, "--no-ui", "--device", "cpu", "--seeds", "6"], columns=80)
    arguments = ["--preset", claimed, "--no-ui", "--device", "cpu", "--seeds", "7"]
    found, written = on_terminal(arguments, columns=80, after=b"go on? [y/N]", answer=answer)
    said = " ".join(" ".join(lines_of(written)).split())
    assert (
        "from 6 to 7 seeds: its one extension, a second look, with which each look is judged at half" in said
    )
    assert found == code
    assert find_studies(open_store())[0].looks[-1] == count


def test_each_way_to_end_has_its_mark():
    for seed, outcome in enumerate(["completed", "early_stopped", "diverged", "failed", "stopped"]):
        keep({"seed": seed}, outcome=outcome)
    lines = drawn(live(6)[0])
    assert "baseline    ✓ ◂ ✗ ! ‖ ·" in lines[1]
    assert "batch norm  · · · · · ·" in lines[2]
    assert lines[3].rstrip().split("  ") == [
        "! failed",
        "✗ diverged",
        "‖ stopped",
        "· waiting",
        "◂ early stopped",
        "✓ done",
    ]
    assert lines[4] == "3/12 runs, starting", "the one that failed is made again"


def test_a_terminal_without_such_characters_gets_plain_ones(monkeypatch):
    for seed, outcome in enumerate(["completed", "diverged"]):
        keep({"seed": seed}, outcome=outcome)
    presenter, _ = live(3)
    monkeypatch.setattr(StudyLive, "_is_ascii", True)
    lines = drawn(presenter)
    assert "baseline    v x . " in lines[1]
    assert all(line.isascii() for line in lines if "±" not in line)


def test_a_run_under_way_shows_its_share_and_is_told_below():
    presenter, found = live(2)
    slot = found[0]
    started = RunStarted(
        run="a", arm="baseline", seed=0, experiment=slot.experiment, device="cpu", num_threads=1,
        num_parameters=1, num_train=1, num_val=1, steps_per_epoch=20, num_steps=60,
    )  # fmt: skip
    for event in (started, Progress(run="a", epoch=2, step=30, seconds=0.1)):
        presenter.board.fold(slot, event)
        presenter.follow_run(slot, event)
    lines = drawn(presenter)
    assert "baseline    ▅ ·" in lines[1]
    assert lines[-1] == "  baseline · seed 0: epoch 2/3"


def test_many_seeds_share_marks_and_the_gravest_is_shown():
    for seed in range(100):
        keep({"seed": seed}, outcome="diverged" if seed == 50 else None)
    presenter, _ = live(100)
    lines = drawn(presenter)
    each = re.search(r"seeds 0-99, (\d) a mark", lines[0])
    assert each, lines[0]
    marks = lines[1].split()[1]
    assert marks.count("✗") == 1
    assert len(marks) == -(-100 // int(each[1]))
    assert max(map(len, lines)) <= 80


def test_names_keep_what_tells_them_apart_and_use_the_room_there_is():
    grid = {"training.batch_size, optimizer.lr": [[size, size / 100] for size in (8, 16, 32)]}
    long = ["group normalization with groups"]
    for width, shown in (
        (120, "group normalization with groups · batch_size = 32"),
        (80, "group normalization with… · 32"),
    ):
        presenter, _ = live(10, arms=long, width=width, grid=grid)
        lines = drawn(presenter)
        assert max(map(len, lines)) <= width
        assert lines[6].startswith(shown)
        assert lines[6].count("·") >= 11, "and a mark for each seed"


def test_a_run_that_ends_before_it_is_evaluated_has_no_mean():
    presenter, found = live(2)
    slot = found[0]
    for event in (
        RunCreated(run="a", arm="baseline", experiment=slot.experiment),
        RunFinished(run="a", outcome="failed", reason="no memory", seconds=0.1),
    ):
        presenter.board.fold(slot, event)
    assert "! ·" in drawn(presenter)[1]


def test_arms_whose_runs_are_under_way_are_not_through():
    presenter, found = live(1, arms=[f"arm {i}" for i in range(40)])
    for slot in found:
        presenter.board.fold(
            slot, RunCreated(run=slot.cell.name, arm=slot.cell.name, experiment=slot.experiment)
        )
    assert any("more: 0 through" in line for line in drawn(presenter))


def test_many_arms_show_those_that_are_not_through_and_count_the_rest():
    keep({"seed": 0})
    presenter, _ = live(2, arms=[f"arm {i}" for i in range(100)])
    lines = drawn(presenter)
    assert len(lines) <= 24
    assert lines[1].startswith("baseline"), "it is half through"
    assert any(line.startswith("and 85 more: 0 through, 85 not") for line in lines)


def test_groups_of_seeds_fit_and_lose_none():
    for count in (1, 2, 7, 100, 10_000):
        for room in (1, 8, 40):
            groups = group_seeds(range(count), room)
            assert len(groups) <= room
            assert [seed for group in groups for seed in group] == list(range(count))
