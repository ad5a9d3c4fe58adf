"""Data that is read while it is trained on: the same run as with data in memory."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from normlab.core.errors import DataError
from normlab.engine.control import Control
from normlab.engine.data import batches, load
from normlab.engine.events import Measured, Preparing, RunFinished, RunStarted
from normlab.engine.loop import run, run_cohort
from normlab.engine.reader import Part, Reader, room
from normlab.engine.request import Request
from normlab.engine.splitting import split_rows
from normlab.lab.batches import batch_sizes
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

CPU = torch.device("cpu")
NUM = 48


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Two classes of 24 images, 5 by 5: few enough values for batches to begin at odd addresses."""
    root, random = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for number in range(NUM):
        path = root / f"class{number % 2}" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(random.integers(0, 256 - 90 * (number % 2), (5, 5, 3), "uint8")).save(path)
    return root


@pytest.fixture
def alone(monkeypatch):
    """Read in this process: what is read is the same."""
    monkeypatch.setattr("normlab.engine.reader.num_workers", lambda: 0)


@pytest.fixture
def two_workers(monkeypatch):
    monkeypatch.setattr("normlab.engine.reader.num_workers", lambda: 2)


def experiment(images, stream, settings=()):
    return change(
        Experiment(),
        {
            "dataset.kind": "image_folder", "dataset.path": str(images), "dataset.size": 5,
            "dataset.stream": stream, "training.epochs": 2, "training.batch_size": 7,
            "model": {"kind": "mlp", "hidden": [8], "dropout": {"kind": "dropout"}}, **dict(settings),
        },
    )  # fmt: skip


def untimed(metrics):
    return {name: value for name, value in metrics.items() if "second" not in name}


def measured(events):
    return [(event.step, untimed(event.metrics)) for event in events if isinstance(event, Measured)]


def weights_in(folder):
    return {name: value.tolist() for name, value in load_file(folder / "last.safetensors").items()}


SETTINGS = {
    "as it is": {},
    "sorted": {"training.order": "sorted"},
    "fixed": {"training.order": "fixed", "training.last_batch": "merge"},
    "full batch": {"training.batch_size": "full"},
    "full ghost batch": {"training.batch_size": "full", "model.norm.kind": "ghost_batch"},
    "counted in steps": {"training.steps": 11, "training.evaluate_every": 4, "training.last_batch": "drop"},
    "per pixel": {"dataset.standardize": "feature", "dataset.channels": "grey"},
    "by sample": {"dataset.standardize": "sample"},
    "raw": {"dataset.standardize": "none"},
    "label noise": {"dataset.label_noise": 0.3, "dataset.train_samples": 20, "dataset.val_samples": 8},
    "other light": {"dataset.val_contrast": {"low": 0.2, "high": 2.0, "brightness": 0.5}},
    "no validation": {"dataset.val_fraction": 0.0},
    "validated in batches": {"training.evaluation_mode": "train", "model.norm.kind": "batch"},
    "convolutions": {"model": {"kind": "cnn", "channels": [4], "norm": {"kind": "group", "groups": 2}}},
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("in_blocks", [True, False])
@pytest.mark.usefixtures("alone")
def test_no_bit_depends_on_where_the_data_is(name, in_blocks, images, tmp_path, monkeypatch):
    if in_blocks:
        monkeypatch.setattr("normlab.engine.scaling._BLOCK_VALUES", 500)
        monkeypatch.setattr("normlab.engine.reader._UNIT_SAMPLES", 3)
        monkeypatch.setattr("normlab.engine.evaluation._CHUNK_VALUES", 300)
        monkeypatch.setattr("normlab.engine.data._GATHER_BYTES", 0)
    told, weights = [], []
    for stream in ("never", "always"):
        folder = tmp_path / stream
        told.append(measured(run(experiment(images, stream, SETTINGS[name]), device="cpu", folder=folder)))
        weights.append(weights_in(folder))
    assert told[0] == told[1]
    assert weights[0] == weights[1]


@pytest.mark.usefixtures("alone")
def test_batches_lie_in_memory_as_if_cut_off_one_tensor(images):
    for wanted in (experiment(images, "never"), experiment(images, "always")):
        data = load(wanted, None, CPU)
        sizes = batch_sizes(wanted.training, data.num_train)
        for shuffled in (True, False):
            places = [x.data_ptr() % 64 for x, _ in batches(data, sizes, 1, 0, shuffled)]
            assert places == [7 * 75 * 4 * number % 64 for number in range(5)]
        places = [x.data_ptr() % 64 for x, _ in data.chunks("val", 1, at_least=4)]
        assert places == [number * 75 * 4 % 64 for number in (0, 4, 8, 11)]


def test_room_has_the_place_in_memory_of_a_slice():
    whole = torch.empty(9, 3, 5)
    part = room(2, (3, 5), 7, CPU)
    assert part.shape == whole[7:].shape
    assert part.data_ptr() % 64 == whole[7:].data_ptr() % 64


@pytest.mark.usefixtures("alone")
def test_what_is_done_is_not_read_again(images, monkeypatch):
    wanted = experiment(images, "always")
    data, read = load(wanted, None, CPU), []
    sizes = batch_sizes(wanted.training, data.num_train)
    whole = [x for x, _ in batches(data, sizes, 1, 0, shuffled=True)]
    monkeypatch.setattr(
        Part, "__getitem__", lambda part, places: read.extend(places) or torch.zeros(len(places), 3, 5, 5)
    )
    rest = list(batches(data, sizes, 1, 0, shuffled=True, done=3))
    assert len(rest) == 2
    assert [x.data_ptr() % 64 for x, _ in rest] == [x.data_ptr() % 64 for x in whole[3:]]
    assert len(read) == sum(len(y) for _, y in rest)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("stop", [3, 7])
def test_it_goes_on_as_if_it_had_never_stopped(images, tmp_path, stop, monkeypatch):
    wanted, control = (
        experiment(images, "always", {"training.steps": 12, "training.evaluate_every": 4}),
        Control(),
    )
    whole = list(run(wanted, device="cpu", folder=tmp_path / "whole"))
    join = Reader._join

    def stop_before_the_next(self, *arguments):
        if len(seen) == stop:
            control.stop()
        seen.append(0)
        return join(self, *arguments)

    seen = []
    with monkeypatch.context() as changed:
        changed.setattr(Reader, "_join", stop_before_the_next)
        first = list(run(wanted, device="cpu", control=control, folder=tmp_path / "parts"))
    assert first[-1].outcome == "stopped"
    rest = list(run(wanted, device="cpu", folder=tmp_path / "parts", resume=True))
    assert measured([*first, *rest]) == measured(whole)
    assert weights_in(tmp_path / "whole") == weights_in(tmp_path / "parts")


@pytest.mark.usefixtures("alone")
def test_torch_s_own_random_numbers_are_left_alone(images):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    list(run(experiment(images, "always"), device="cpu"))
    assert torch.rand(1) == expected


@pytest.mark.usefixtures("alone")
def test_looking_through_the_data_is_told(images):
    parts = [
        event for event in run(experiment(images, "always"), device="cpu") if isinstance(event, Preparing)
    ]
    assert [(part.done_bytes, part.total_bytes) for part in parts] == [(34 * 75 * 4, 34 * 75 * 4)]


@pytest.fixture
def five_blocks(monkeypatch):
    """Look through the data in five steps."""
    monkeypatch.setattr("normlab.engine.scaling._BLOCK_VALUES", 7 * 75)


def stopped_at(kind, images, **how):
    """Stop a run that streams at its first event of a kind."""
    control = Control()
    for event in run(experiment(images, "always"), device="cpu", control=control, **how):
        yield event
        if isinstance(event, kind):
            control.interrupt("enough")


@pytest.mark.usefixtures("alone", "five_blocks")
def test_a_stop_is_heeded_while_the_data_is_looked_through(images, tmp_path):
    told = list(stopped_at(Preparing, images, folder=tmp_path / "run"))
    assert [event.event for event in told] == ["run_created", "preparing", "run_finished"]
    end = told[-1]
    assert (end.outcome, end.reason, end.last, end.seconds) == ("interrupted", "enough", None, 0.0)
    assert not (tmp_path / "run").exists(), "as where it is stopped before anything is read"


@pytest.mark.usefixtures("alone", "five_blocks")
def test_a_resumed_run_that_is_stopped_while_its_data_is_looked_through_stays_as_it_was(images, tmp_path):
    wanted, folder = experiment(images, "always"), tmp_path / "run"
    first = list(stopped_at(Measured, images, folder=folder))
    files = {path: path.read_bytes() for path in folder.iterdir()}
    again = list(stopped_at(Preparing, images, folder=folder, resume=True))
    assert [event.event for event in again] == ["run_created", "preparing", "run_finished"]
    assert (again[-1].best, again[-1].last) == (first[-1].best, first[-1].last)
    assert first[-1].last.metrics["seconds"] <= again[-1].seconds <= first[-1].seconds
    assert {path: path.read_bytes() for path in folder.iterdir()} == files
    rest = list(run(wanted, device="cpu", folder=folder, resume=True))
    assert measured([*first, *rest]) == measured(run(wanted, device="cpu"))


def test_small_sets_are_kept_and_large_ones_stream(images, monkeypatch):
    dataset = experiment(images, "auto").dataset
    outline = dataset.outline(None)
    assert not dataset.streams(outline)
    monkeypatch.setattr("normlab.components.datasets.image_folder._KEPT_BYTES", NUM * 75 * 4 - 1)
    assert dataset.streams(outline)
    assert not experiment(images, "never").dataset.streams(outline)


@pytest.fixture
def damaged(images):
    path = images / "class1" / "1.png"
    content = path.read_bytes()
    path.write_bytes(content[:40])
    yield path
    path.write_bytes(content)


@pytest.mark.usefixtures("alone")
def test_a_damaged_image_is_named(images, damaged):
    with pytest.raises(DataError, match=r"class1/1\.png: can't be read as an image"):
        list(run(experiment(images, "always"), device="cpu"))


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("hidden_in", ["a batch of all", "the second batch"])
@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("broken", [0, 2])
def test_a_validation_image_that_one_run_cant_read_fails_that_run_alone(
    images, tmp_path, monkeypatch, hidden_in, mode, broken
):
    """The others have taken in the evaluation: they go on behind it."""
    if hidden_in != "a batch of all":
        monkeypatch.setattr("normlab.engine.evaluation._CHUNK_VALUES", 600)
    settings = {"training.steps": 9, "training.evaluate_every": 3, "training.evaluation_mode": mode}
    settings["model.norm.kind"] = "batch"
    places = [tmp_path / f"images{number}" for number in range(3)]
    runs = [experiment(shutil.copytree(images, place), "always", settings) for place in places]
    dataset = runs[broken].dataset
    source, sizes = dataset.source(None), dataset.split_sizes(dataset.outline(None))
    last_row = split_rows(source.y, dataset.stratified, *sizes, seed=0)[1][-1]
    requests = [
        Request(wanted, run_id=f"run{number}", folder=tmp_path / f"run{number}")
        for number, wanted in enumerate(runs)
    ]
    told, num_started = [], 0

    def damage_when_all_have_begun():
        nonlocal num_started
        for event in run_cohort(requests, device="cpu", num_threads=1):
            told.append(event)
            num_started += isinstance(event, RunStarted)
            if num_started == 3:
                Path(source.paths[last_row]).write_bytes(b"no image")

    with pytest.raises(DataError, match=f"{re.escape(str(places[broken]))}.*can't be read as an image"):
        damage_when_all_have_begun()
    assert not (tmp_path / f"run{broken}" / "state.safetensors").exists()
    whole = measured(run(runs[1], device="cpu", num_threads=1))
    for number in {0, 1, 2} - {broken}:
        rest = list(run(runs[number], device="cpu", folder=tmp_path / f"run{number}", resume=True))
        started = next(event for event in rest if isinstance(event, RunStarted))
        assert started.resumed_at == 3
        assert measured([*[event for event in told if event.run == f"run{number}"], *rest]) == whole


# What follows starts processes, which costs seconds.


def readers():
    """The processes that read for this one: the server's children."""
    return [
        each for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())
        for each in child.children()
    ]  # fmt: skip


def ended(processes, within_seconds):
    return not psutil.wait_procs(processes, within_seconds)[1]


@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_processes_read_the_same_from_any_thread_and_end_with_the_run(images):
    expected, told, seen = measured(run(experiment(images, "never"), device="cpu")), [], []

    def train():
        for event in run(experiment(images, "always"), device="cpu"):
            told.append(event)
            seen.extend(readers())

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert measured(told) == expected
    assert len(set(seen)) in (4, 6), "two for each part, and for looking through the data"
    assert ended(seen, 5)


@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_a_run_that_is_closed_leaves_no_process(images):
    events = run(experiment(images, "always", {"training.epochs": 100}), device="cpu")
    assert any(isinstance(event, Measured) for event in events)
    working = readers()
    assert working
    events.close()
    assert ended(working, 5)


@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_a_damaged_image_is_named_by_whichever_process_finds_it(images, damaged):
    with pytest.raises(DataError, match=r"class1/1\.png: can't be read as an image"):
        list(run(experiment(images, "always"), device="cpu"))
    assert ended(readers(), 5)


@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_a_process_that_was_killed_is_told_and_the_run_can_be_resumed(images, tmp_path):
    wanted = experiment(images, "always", {"training.epochs": 6})
    events, told = run(wanted, device="cpu", folder=tmp_path, checkpoint_every=1), []

    def kill_at_the_second_epoch():
        for event in events:
            told.append(event)
            if isinstance(event, Measured) and event.epoch == 2:
                for process in readers():
                    process.kill()

    with pytest.raises(DataError, match="a process that reads it was ended from outside"):
        kill_at_the_second_epoch()
    rest = list(run(wanted, device="cpu", folder=tmp_path, resume=True))
    assert isinstance(rest[-1], RunFinished)
    assert measured([*told, *rest]) == measured(run(wanted, device="cpu"))


TRAIN = """
import sys, time
from normlab import Experiment, change, run

settings = {"dataset.kind": "image_folder", "dataset.path": sys.argv[1], "dataset.stream": "always"}
wanted = change(Experiment(), {**settings, "training.epochs": 3})
"""
SCRIPT = """
print("begun", flush=True)
for event in run(wanted, device="cpu"):
    if event.event == "measured":
        print("measured", flush=True)
        time.sleep(float(sys.argv[2]))
"""
SCREEN = """
from textual.app import App

class Lab(App):
    def on_mount(self):
        self.run_worker(self.train, thread=True)

    def train(self):
        events = [event.event for event in run(wanted, device="cpu")]
        self.call_from_thread(self.exit, events)

print(*Lab().run(headless=True))
"""


@pytest.fixture
def start(images, tmp_path):
    """Start a script that has no `if __name__ == "__main__"`."""

    def start(script, pause_seconds=0):
        path = tmp_path / "script.py"
        path.write_text(TRAIN + script)
        command = [sys.executable, path, str(images), str(pause_seconds)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    return start


@pytest.mark.slow
def test_a_plain_script_is_run_once(start):
    said, _ = start(SCRIPT).communicate(timeout=60)
    assert said.split() == ["begun", *["measured"] * 3]


@pytest.mark.slow
def test_processes_start_under_a_screen_too(start):
    """Whose standard error has no number to hand on to them."""
    said, _ = start(SCREEN).communicate(timeout=60)
    assert said.split()[-2:] == ["measured", "run_finished"]


@pytest.mark.slow
def test_no_process_outlives_a_killed_run(start):
    process = start(SCRIPT, pause_seconds=60)
    assert [process.stdout.readline() for _ in range(2)][1] == "measured\n"
    family = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert ended(family, 15)
