"""A run that is stopped anywhere and resumed ends as one that never stopped, to the last bit."""

import json
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support.damage import reseal
from support.runs import experiment, measured

from normlab.components.optimizers import Optimizer
from normlab.components.schedules import Schedule
from normlab.core.choice import members
from normlab.core.errors import ConfigError
from normlab.core.files import write_together
from normlab.engine.control import Control
from normlab.engine.data import load
from normlab.engine.evaluation import Tally
from normlab.engine.events import Measured, RunFinished, RunStarted, Warned
from normlab.engine.loop import run
from normlab.engine.resuming import read_state
from normlab.engine.sealed import CheckpointError, unseal
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.trainer import Trainer
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

STEPS_PER_EPOCH = 6
FULL = {"training.batch_size": "full"}


def numbers(events):
    """All that must repeat, by step: metrics without those of time."""
    return {
        event.step: {k: v for k, v in event.metrics.items() if k not in ("seconds", "samples_per_second")}
        for event in measured(events)
    }


def train(settings, folder, stop=None, **how):
    """Train in a folder, stopped after that step; then leave the world's generators somewhere else."""
    control, count = Control(), Trainer.count

    def stopping(self, number, *arguments):
        count(self, number, *arguments)
        if number + 1 == stop:
            control.stop()

    Trainer.count = stopping
    try:
        wanted = settings if isinstance(settings, Experiment) else experiment(settings)
        events = list(run(wanted, device="cpu", control=control, folder=folder, **how))
    finally:
        Trainer.count = count
    assert events[-1].outcome == "stopped" or stop is None
    seed = random.randrange(2**31)
    for reseed in (random.seed, np.random.seed, torch.manual_seed):
        reseed(seed)
    return events


def started(events):
    return next(event for event in events if isinstance(event, RunStarted))


def warnings(events):
    return [event.message for event in events if isinstance(event, Warned)]


def kept(folder):
    """The kept weights, and all else of the state that isn't time."""
    parts = read_state(folder / "state.safetensors").parts
    weights = [unseal(folder / f"{name}.safetensors")[0] for name in ("best", "last")]
    return weights, {
        name: part for name, part in parts.items() if name not in ("seconds", "since", "samples")
    }


def assert_same(first, second):
    """Compare nested data to the last bit, but for the metrics that tell time."""
    assert type(first) is type(second)
    if isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first.keys() - {"seconds", "samples_per_second"}:
            assert_same(first[key], second[key])
    elif isinstance(first, list | tuple):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, torch.Tensor):
        assert first.dtype == second.dtype
        assert torch.equal(first.reshape(-1).view(torch.uint8), second.reshape(-1).view(torch.uint8))
    else:
        assert repr(first) == repr(second)


def assert_resumes(settings, tmp_path, *stops):
    whole = train(settings, tmp_path / "whole", run_id="a")
    parts = train(settings, tmp_path / "parts", stops[0], run_id="a")
    for before, stop in zip(stops, (*stops[1:], None), strict=True):
        part = train(settings, tmp_path / "parts", stop, resume=True)
        assert started(part).resumed_at == before
        parts += part
    assert numbers(parts) == numbers(whole)
    assert [event.step for event in measured(parts)] == [event.step for event in measured(whole)]
    ends = [event for event in (whole[-1], parts[-1]) if isinstance(event, RunFinished)]
    assert (ends[0].outcome, ends[0].reason) == (ends[1].outcome, ends[1].reason)
    assert_same(*(end.model_dump(exclude={"seconds"}) for end in ends))
    assert_same(kept(tmp_path / "whole"), kept(tmp_path / "parts"))


@pytest.mark.parametrize("kind", members(Optimizer))
def test_with_every_optimizer(tmp_path, kind):
    assert_resumes({"optimizer.kind": kind, "model.hidden": [9, 7]}, tmp_path, 4, 11)


OPTIMIZERS = [
    {"optimizer.kind": "sgd", "optimizer.momentum": 0.9, "optimizer.nesterov": True},
    {"optimizer.kind": "adamw", "optimizer.weight_decay": 0.1},
    {"optimizer.kind": "rmsprop", "optimizer.momentum": 0.5, "optimizer.centered": True},
    {"optimizer.kind": "rprop", **FULL, "training.epochs": 12},
    {"optimizer.kind": "lbfgs", **FULL, "training.epochs": 12},
    {
        "optimizer.kind": "lbfgs",
        "optimizer.line_search": "none",
        "optimizer.lr": 0.1,
        "optimizer.max_iter": 3,
    },
    {"optimizer.kind": "muon", "optimizer.weight_decay": 0.1, "model.norm.kind": "layer"},
    {"optimizer.kind": "adafactor", "optimizer.weight_decay": 0.1},
]


@pytest.mark.parametrize("settings", OPTIMIZERS, ids=lambda s: s["optimizer.kind"])
def test_with_what_optimizers_keep(tmp_path, settings):
    assert_resumes(settings, tmp_path, 5, 6)


@pytest.mark.parametrize("kind", ["dropout", "alpha"])
def test_with_masks_that_are_drawn(tmp_path, kind):
    settings = {"model.norm.kind": "batch", "model.dropout.kind": kind, "model.dropout.p": 0.3}
    assert_resumes(settings, tmp_path, 3, 13)


IMAGES = {
    "dataset.kind": "digits",
    "training.steps": 6,
    "training.evaluate_every": 4,
    "training.batch_size": 32,
}


@pytest.mark.parametrize(
    "settings",
    [
        {"model.kind": "residual_mlp", "model.width": 8, "model.dropout.kind": "drop_path"},
        {
            "model.kind": "cnn",
            "model.channels": [4],
            "model.norm.kind": "batch",
            "model.dropout.kind": "dropout2d",
        },
    ],
)
def test_with_other_models(tmp_path, settings):
    assert_resumes(change(Experiment(), {**IMAGES, **settings}), tmp_path, 3)


@pytest.mark.parametrize("kind", ["batch", "ghost_batch", "layer", "rms"])
def test_with_norms(tmp_path, kind):
    assert_resumes({"model.norm.kind": kind}, tmp_path, 7)


@pytest.mark.parametrize("kind", ["spectral_norm", "weight_norm", "weight_standardization"])
def test_with_parametrizations(tmp_path, kind):
    assert_resumes({"model.parametrization.kind": kind}, tmp_path, 7)


@pytest.mark.parametrize("kind", members(Schedule))
def test_with_every_schedule(tmp_path, kind):
    patience = {"schedule.patience": 0, "schedule.threshold": 0.9} if kind == "plateau" else {}
    settings = {"schedule.kind": kind, **patience, "schedule.warmup_steps": 3, "training.epochs": 5}
    assert_resumes(settings, tmp_path, 3, 15)  # 3 is where the warm-up ends


MANNERS = [
    {"training.precision": "float16", "training.clip_norm": 0.5},
    {"training.precision": "bfloat16", "training.clip_value": 0.01},
    {"training.order": "fixed", "training.last_batch": "merge"},
    {"training.order": "sorted", "training.last_batch": "drop"},
    {"training.steps": 22, "training.evaluate_every": 9},
    {"training.epochs": 5, "training.evaluate_every": 2},
    {"dataset.label_noise": 0.2},
    {"dataset.val_fraction": 0.0},
    {"training.best_metric": "val_accuracy", "optimizer.lr": 0.05},
    {**FULL, "training.epochs": 300, "training.evaluate_every": 280},  # the sums are folded on the way
    {"dataset.kind": "noisy_line", "dataset.samples": 50, "loss.kind": "mse"},
]


@pytest.mark.parametrize("settings", MANNERS, ids=lambda s: next(iter(s)))
def test_with_every_manner_of_training(tmp_path, settings):
    stops = (20, 270, 285) if settings.get("training.epochs") == 300 else (3, 7)
    assert_resumes(settings, tmp_path, *stops)


@pytest.mark.parametrize("stop", [3, 24, 29, 33])
def test_with_early_stopping(tmp_path, stop):
    settings = {
        "training.epochs": 50, "training.early_stopping.patience": 3, "training.early_stopping.start": 3,
        "optimizer.lr": 0.0,
    }  # fmt: skip
    assert_resumes(settings, tmp_path, min(stop, 5 * STEPS_PER_EPOCH - 1))


def test_with_data_that_is_gathered_step_by_step(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.engine.data._GATHER_BYTES", 0)
    assert_resumes({}, tmp_path, 8)


def test_with_sums_that_are_folded_for_their_size(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.engine.evaluation._FOLD_VALUES", 70)
    assert_resumes({}, tmp_path, 1, 7, 13)
    first, second = Tally(experiment().loss), Tally(experiment().loss)
    batch = torch.zeros(16, 2), torch.zeros(16, dtype=torch.int64)
    first.add(*batch)
    second.load(first.state(), torch.device("cpu"))
    for tally in (first, second):
        tally.add(*batch)
        assert len(tally.state()["batches"]) == 2
        tally.add(*batch)
        assert tally.state()["batches"] == []


def test_what_stands_in_an_optimizer_s_groups_is_the_experiment_s_and_the_device_s_affair(tmp_path):
    settings = {"optimizer.kind": "muon", "optimizer.lr": 0.001}
    train(settings, tmp_path, 7)
    state = read_state(tmp_path / "state.safetensors").parts["stepper"]
    wanted = experiment(settings)
    cpu = torch.device("cpu")
    stepper = Trainer(wanted, load(wanted, "", cpu), "", cpu, Stopwatch()).stepper
    state["optimizer"]["param_groups"][0].update(momentum=0.1, ns_steps=50, lr=0.5)
    stepper.load(state)
    group = stepper.optimizer.param_groups[0]
    assert (group["momentum"], group["ns_steps"], group["lr"]) == (0.95, 5, 0.001)


def test_rates_are_the_experiment_s_affair_too(tmp_path):
    train({}, tmp_path, 7)
    state = read_state(tmp_path / "state.safetensors").parts["stepper"]
    wanted = experiment()
    cpu = torch.device("cpu")
    stepper = Trainer(wanted, load(wanted, "", cpu), "", cpu, Stopwatch()).stepper
    state["optimizer"]["param_groups"] = [{"lr": 0.5, "weight_decay": 9.0}]
    stepper.load(state)
    group = stepper.optimizer.param_groups[0]
    assert (group["lr"], group["weight_decay"]) == (0.001, 0.0)


@pytest.mark.parametrize("step", range(19))
def test_wherever_it_is_stopped(tmp_path, step):
    """Closing the generator after any event, and then going on, leaves nothing out and tells nothing twice."""
    settings = {"schedule.kind": "plateau", "schedule.patience": 0, "model.dropout.kind": "dropout"}
    whole = list(run(experiment(settings), device="cpu"))
    events = run(experiment(settings), device="cpu", folder=tmp_path, checkpoint_every=1)
    first = [next(events) for _ in range(1 + step % 14)]
    events.close()
    rest = list(run(experiment(settings), device="cpu", folder=tmp_path, resume=True))
    if isinstance(first[-1], Measured):  # it wasn't taken in before the run was closed: it comes again
        assert rest[2] == first.pop()
    assert numbers([*first, *rest]) == numbers(whole)
    assert len(measured([*first, *rest])) == len(measured(whole))
    assert rest[-1].outcome == "completed"


def test_early_stopping_that_was_not_taken_in_is_told_when_the_run_is_resumed(tmp_path):
    settings = {"training.epochs": 50, "training.early_stopping.patience": 2, "optimizer.lr": 0.0}
    events = run(experiment(settings), device="cpu", folder=tmp_path)
    for event in events:
        if isinstance(event, Measured) and event.epoch == 3:
            break
    events.close()
    rest = list(run(experiment(settings), device="cpu", folder=tmp_path, resume=True))
    assert [event.epoch for event in measured(rest)] == [3]
    assert rest[-1].outcome == "early_stopped"


def test_a_run_that_has_ended_says_so_again(tmp_path):
    first = train({}, tmp_path)
    again = train({}, tmp_path, resume=True)
    assert measured(again) == []
    assert (started(again).resumed_at, again[0].run) == (18, first[0].run)
    assert again[-1].best == first[-1].best
    assert again[-1].last == first[-1].last


def test_without_a_state_it_begins_anew(tmp_path):
    events = train({}, tmp_path, resume=True)
    assert started(events).resumed_at == 0
    assert len(measured(events)) == 3


def test_an_error_amid_a_step_leaves_the_state_of_before(tmp_path, monkeypatch):
    count = Trainer.count

    def exploding(self, number, *arguments):
        count(self, number, *arguments)
        if number == 9:
            raise RuntimeError("a bug")

    whole = list(run(experiment(), device="cpu"))
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "count", exploding)
        events = run(experiment(), device="cpu", folder=tmp_path, checkpoint_every=1)
        with pytest.raises(RuntimeError, match="a bug"):
            list(events)
    for name in ("last", "best"):
        assert json.loads(unseal(tmp_path / f"{name}.safetensors")[1]["point"])["step"] == STEPS_PER_EPOCH
    rest = train({}, tmp_path, resume=True)
    assert started(rest).resumed_at == STEPS_PER_EPOCH
    assert numbers(rest) == {step: told for step, told in numbers(whole).items() if step > STEPS_PER_EPOCH}


def test_the_time_goes_on(tmp_path):
    first = train({}, tmp_path, 7)
    rest = train({}, tmp_path, resume=True)
    assert measured(rest)[0].metrics["seconds"] > first[-1].seconds * 0.9
    assert rest[-1].seconds > measured(rest)[-1].metrics["seconds"] > measured(first)[-1].metrics["seconds"]


def test_the_speed_is_that_of_all_of_an_epoch_and_writing_is_not_counted(tmp_path, monkeypatch):
    now, count = [0.0], Trainer.count

    def lasting(self, *arguments):
        now[0] += 2.0
        count(self, *arguments)

    monkeypatch.setattr(Trainer, "count", lasting)
    for user in ("stopwatch", "turns"):
        monkeypatch.setattr(f"normlab.engine.{user}.time", SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr("normlab.engine.session._PROGRESS_SECONDS", 99.0)

    def slowly(*arguments):
        now[0] += 1000.0
        write_together(*arguments)

    monkeypatch.setattr("normlab.engine.checkpoints.write_together", slowly)
    train({}, tmp_path, 8, checkpoint_every=1)
    rest = measured(train({}, tmp_path, resume=True, checkpoint_every=1))
    assert [event.metrics["samples_per_second"] for event in rest] == [84 / 12] * 2
    assert [event.metrics["seconds"] for event in rest] == [24.0, 36.0]


def test_no_global_stream_of_random_numbers_is_drawn_from():
    settings = {"model.dropout.kind": "dropout", "model.norm.kind": "batch", "optimizer.kind": "muon"}

    def states():
        return random.getstate(), repr(np.random.get_state()), torch.get_rng_state().tolist()

    before = states()
    for event in run(experiment(settings), device="cpu", probe=True):
        assert states() == before, event.event


# What can't be resumed, and what is odd


def test_only_the_length_may_change(tmp_path):
    train({}, tmp_path, 7)
    with pytest.raises(ConfigError) as refused:
        run(experiment({"optimizer.lr": 0.5, "seed": 3}), device="cpu", folder=tmp_path, resume=True)
    assert [problem.path for problem in refused.value.problems] == ["optimizer.lr", "seed"]
    assert "0.001 → 0.5" in str(refused.value)
    with pytest.raises(ConfigError, match="training.steps"):
        run(experiment({"training.steps": 100}), device="cpu", folder=tmp_path, resume=True)
    with pytest.raises(
        ConfigError, match=r"training.epochs: 2: is not more than the 2 that the run has trained; use 3"
    ):
        run(experiment({"training.epochs": 2}), device="cpu", folder=tmp_path, resume=True)


def test_another_run_s_state_is_refused(tmp_path):
    train({}, tmp_path, 7, run_id="aaa")
    with pytest.raises(CheckpointError, match="belongs to run aaa, not to bbb"):
        run(experiment(), device="cpu", folder=tmp_path, resume=True, run_id="bbb")


def test_another_thread_count_or_torch_is_told(tmp_path, monkeypatch):
    train({}, tmp_path, 7)
    monkeypatch.setattr(torch, "__version__", "99.0")
    events = train({}, tmp_path, resume=True, num_threads=2)
    told = warnings(events)
    assert told[0].startswith("threads: 2: was 1 before the stop")
    assert told[1].startswith("torch: 99.0: was ")
    assert events[-1].outcome == "completed"


def test_a_resumed_run_has_as_many_threads_as_before(tmp_path):
    train({}, tmp_path, 7, num_threads=2)
    (started,) = (event for event in train({}, tmp_path, resume=True) if event.event == "run_started")
    assert started.num_threads == 2


def test_another_device_is_told(tmp_path):
    train({}, tmp_path, 7)
    reseal(tmp_path / "state.safetensors", lambda parts: parts.update(device="cuda:0"))
    events = train({}, tmp_path, resume=True)
    (told,) = warnings(events)
    assert told.startswith("device: cpu: was cuda:0 before the stop, so that last digits may differ")
    assert events[-1].outcome == "completed"


# Longer


def test_a_longer_run_ends_as_if_it_had_been_begun_so(tmp_path):
    settings = {"model.dropout.kind": "dropout", "model.norm.kind": "batch", "model.bias": False}
    whole = train({**settings, "training.epochs": 10}, tmp_path / "whole", run_id="a")
    first = train({**settings, "training.epochs": 5}, tmp_path / "parts", run_id="a")
    rest = train({**settings, "training.epochs": 10}, tmp_path / "parts", resume=True)
    assert (started(rest).resumed_at, started(rest).num_steps) == (30, 60)
    assert numbers(first) | numbers(rest) == numbers(whole)
    assert warnings(rest) == []
    assert_same(kept(tmp_path / "whole"), kept(tmp_path / "parts"))


def test_steps_can_be_extended_amid_an_epoch(tmp_path):
    settings = {"training.evaluate_every": 5}
    whole = train({**settings, "training.steps": 25}, tmp_path / "whole")
    first = train({**settings, "training.steps": 10}, tmp_path / "parts")
    rest = train({**settings, "training.steps": 25}, tmp_path / "parts", resume=True)
    assert numbers(first) | numbers(rest) == numbers(whole)


@pytest.mark.parametrize(("kind", "warns"), [("cosine", True), ("one_cycle", True), ("exponential", False)])
def test_rates_that_depend_on_the_length_are_told(tmp_path, kind, warns):
    train({"schedule.kind": kind}, tmp_path)
    events = train({"schedule.kind": kind, "training.epochs": 6}, tmp_path, resume=True)
    told = warnings(events)
    assert len(told) == warns
    assert events[-1].last.epoch == 6


def test_a_longer_run_waits_anew_for_an_improvement(tmp_path):
    settings = {"training.epochs": 20, "training.early_stopping.patience": 4, "optimizer.lr": 0.0}
    assert train(settings, tmp_path)[-1].last.epoch == 5
    longer = train({**settings, "training.epochs": 21}, tmp_path, resume=True)
    assert [event.epoch for event in measured(longer)] == [6, 7, 8, 9]
    assert longer[-1].outcome == "early_stopped"


def test_a_longer_run_that_had_not_stopped_early_stops_where_the_whole_one_does(tmp_path):
    settings = {"training.early_stopping.patience": 4, "optimizer.lr": 0.0}
    whole = train({**settings, "training.epochs": 20}, tmp_path / "whole", run_id="a")
    assert train(settings, tmp_path / "parts", run_id="a")[-1].outcome == "completed"
    rest = train({**settings, "training.epochs": 20}, tmp_path / "parts", resume=True)
    assert rest[-1].last.epoch == whole[-1].last.epoch == 5
    assert_same(kept(tmp_path / "whole"), kept(tmp_path / "parts"))


@pytest.mark.parametrize(("stop", "epochs", "warns"), [(None, 5, True), (27, 5, False), (None, 4, False)])
def test_an_evaluation_that_a_longer_run_would_not_have_made_is_told(tmp_path, stop, epochs, warns):
    settings = {"training.evaluate_every": 2}
    train({**settings, "training.epochs": epochs}, tmp_path, stop)
    rest = train({**settings, "training.epochs": 10}, tmp_path, resume=True)
    told = [f"training.evaluate_every: 2: does not divide the {epochs} epochs of before"] * warns
    assert [message.partition(": their")[0] for message in warnings(rest)] == told
    assert [event.epoch for event in measured(rest)] == [6, 8, 10]


def test_a_run_can_be_shortened_to_what_lies_beyond_its_last_step(tmp_path):
    whole = train({"training.epochs": 4}, tmp_path / "whole", run_id="a")
    train({"training.epochs": 10**5}, tmp_path / "parts", 14, run_id="a")
    with pytest.raises(ConfigError, match=r"training.epochs: 3: is not more than the 3"):
        run(experiment({"training.epochs": 3}), device="cpu", folder=tmp_path / "parts", resume=True)
    rest = train({"training.epochs": 4}, tmp_path / "parts", resume=True)
    assert rest[-1].outcome == "completed"
    assert numbers(rest).items() <= numbers(whole).items()
    assert_same(kept(tmp_path / "whole"), kept(tmp_path / "parts"))


# When it is written


def test_checkpoints_come_every_so_many_epochs(tmp_path):
    saved = [
        (event.name, event.epoch)
        for event in train({"training.epochs": 5}, tmp_path, checkpoint_every=2)
        if event.event == "checkpoint_saved" and event.name != "best"
    ]
    assert saved == [(name, epoch) for epoch in (2, 4, 5) for name in ("last", "state")]


def test_checkpoints_come_by_the_clock_amid_an_epoch_too(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.engine.checkpoints._EVERY_SECONDS", 0.0)
    monkeypatch.setattr("normlab.engine.checkpoints._SHARE", 1e9)
    monkeypatch.setattr("normlab.engine.session._PROGRESS_SECONDS", -1.0)
    settings = {"training.epochs": 2}
    whole = train(settings, tmp_path / "whole")
    events, steps = train(settings, tmp_path / "often"), set()
    for event in events:
        if event.event == "checkpoint_saved" and event.name == "state":
            steps.add(event.step)
    assert steps == set(range(1, 13))
    assert numbers(events) == numbers(whole)


def test_a_disk_that_is_full_is_told_once(tmp_path, monkeypatch):
    full = {"disk": True}

    def refuse(*arguments):
        if full["disk"]:
            raise OSError(28, "No space left on device")
        write_together(*arguments)

    monkeypatch.setattr("normlab.engine.checkpoints.write_together", refuse)
    events = []
    for event in run(experiment({"training.epochs": 5}), device="cpu", folder=tmp_path, checkpoint_every=1):
        events.append(event)
        if isinstance(event, Measured):
            full["disk"] = event.epoch in (1, 2, 4)
    told = [
        (len(measured(events[:place])), event.message)
        for place, event in enumerate(events)
        if event.event == "warned"
    ]
    assert [epochs for epochs, _ in told] == [1, 4]
    assert all("weights can't be saved: No space left on device" in message for _, message in told)
    assert [
        event.epoch for event in events if event.event == "checkpoint_saved" and event.name == "state"
    ] == [3, 5]


def test_a_resumed_run_does_not_save_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("normlab.engine.session._PROGRESS_SECONDS", -1.0)
    train({}, tmp_path, 7)
    reseal(tmp_path / "state.safetensors", lambda parts: parts.update(seconds=1000.0, since=1000.0))
    rest = train({}, tmp_path, resume=True)
    assert [event.step for event in rest if event.event == "saving"] == [3 * STEPS_PER_EPOCH]


def test_a_time_limit_stops_and_keeps_the_run(tmp_path):
    settings = {"training.epochs": 10**6, "training.evaluate_every": 10**5}
    events = train(settings, tmp_path, time_limit_seconds=0.05)
    assert (events[-1].outcome, events[-1].reason) == ("stopped", "time limit of 0.05 s")
    assert 0.05 <= events[-1].seconds < 1
    again = train(settings, tmp_path, resume=True, time_limit_seconds=0.05)
    assert again[-1].reason == "time limit of 0.05 s"
    assert read_state(tmp_path / "state.safetensors").record.step > started(again).resumed_at > 0
