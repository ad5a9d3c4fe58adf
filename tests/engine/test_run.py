import json
import math
import time

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from support.runs import events_of, experiment, measured, spy

from normlab.components.datasets import Dataset, Fetched
from normlab.core.errors import ConfigError
from normlab.engine.control import Control
from normlab.engine.device import pick_device
from normlab.engine.events import CheckpointSaved, Progress, RunFinished, RunStarted, Warned
from normlab.engine.loop import run
from normlab.engine.trainer import Trainer
from normlab.lab.experiment import Experiment


def numbers(events):
    """All that must repeat: metrics without those of time."""
    return [
        {k: v for k, v in event.metrics.items() if k not in ("seconds", "samples_per_second")}
        for event in measured(events)
    ]


def test_a_run_tells_its_start_its_evaluations_and_its_end():
    events = events_of()
    assert [event.event for event in events] == [
        "run_created",
        "run_started",
        "measured",
        "measured",
        "measured",
        "run_finished",
    ]
    started, finished = events[1], events[-1]
    assert (started.num_train, started.num_val, started.steps_per_epoch, started.num_steps) == (84, 36, 6, 18)
    assert finished.outcome == "completed"
    assert finished.last.metrics == events[-2].metrics
    assert finished.best.metrics["val_loss"] == min(event.metrics["val_loss"] for event in measured(events))
    assert [(event.epoch, event.step) for event in measured(events)] == [(1, 6), (2, 12), (3, 18)]
    expected = {"train_loss", "val_loss", "train_accuracy", "val_accuracy", "lr", "grad_norm"}
    assert set(events[2].metrics) == expected | {"samples_per_second", "seconds"}
    assert len({event.run for event in events}) == 1


def test_nothing_runs_before_it_is_pulled_and_bad_settings_are_told_at_once():
    with pytest.raises(ConfigError, match="loss.kind"):
        run(experiment({"loss.kind": "mse"}))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"model.norm.kind": "batch", "model.dropout.kind": "dropout"},
        {"training.precision": "bfloat16", "training.clip_norm": 0.1},
        {"optimizer.kind": "muon", "schedule.kind": "one_cycle"},
    ],
)
def test_the_same_experiment_gives_the_same_bits(settings):
    first = numbers(events_of(settings))
    torch.manual_seed(999)  # the world's generators play no part
    np.random.seed(999)
    assert numbers(events_of(settings)) == first
    assert numbers(events_of({**settings, "seed": 1})) != first


def test_runs_side_by_side_do_not_disturb_each_other():
    settings = {"model.dropout.kind": "dropout"}
    alone = numbers(events_of(settings))
    runs = [run(experiment(s), device="cpu") for s in (settings, {**settings, "seed": 1}, settings)]
    together = [[], [], []]
    for events in zip(*runs, strict=True):
        for kept, event in zip(together, events, strict=True):
            kept.append(event)
    assert numbers(together[0]) == numbers(together[2]) == alone


def test_a_dropout_of_zero_changes_nothing():
    assert numbers(events_of({"model.dropout.kind": "dropout", "model.dropout.p": 0.0})) == numbers(
        events_of()
    )


def test_the_first_batch_of_two_arms_is_the_same():
    """The train loss of one full-batch step is that of the shared initial weights on the shared data."""
    settings = {"training.batch_size": "full", "training.epochs": 1}
    plain, other = (
        numbers(events_of({**settings, "optimizer.kind": kind}))[0]["train_loss"] for kind in ("sgd", "adamw")
    )
    assert plain == other


def test_the_numbers_are_those_of_a_loop_written_by_hand():
    from normlab.engine.data import batches, load
    from normlab.engine.module import build_module
    from normlab.lab.batches import batch_sizes

    cpu = torch.device("cpu")
    settings = experiment({"optimizer.kind": "sgd", "optimizer.lr": 0.1, "training.batch_size": 25})
    data = load(settings, "", cpu)
    module = build_module(settings.model, (2,), 2, 0, cpu)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    sizes = batch_sizes(settings.training, data.num_train)
    loss_of = torch.nn.functional.cross_entropy
    for event, epoch in zip(measured(list(run(settings, device="cpu"))), (1, 2, 3), strict=True):
        total = right = 0.0
        for x, y in batches(data, sizes, epoch, 0, shuffled=True):
            optimizer.zero_grad()
            output = module(x)
            loss = loss_of(output, y)
            loss.backward()
            total += loss.item() * len(y)
            right += (output.argmax(1) == y).sum().item()
            norm = math.sqrt(sum(float(p.grad.square().sum()) for p in module.parameters()))
            optimizer.step()
        with torch.no_grad():
            output = module(data.val_x)
        expected = {
            "train_loss": total / data.num_train,
            "train_accuracy": right / data.num_train,
            "val_loss": loss_of(output, data.val_y).item(),
            "val_accuracy": (output.argmax(1) == data.val_y).float().mean().item(),
            "grad_norm": norm,
            "lr": 0.1,
        }
        for name, value in expected.items():
            assert event.metrics[name] == pytest.approx(value, rel=1e-4), name


def test_steps_can_be_the_unit_of_length():
    events = measured(events_of({"training.steps": 25, "training.evaluate_every": 10}))
    assert [(event.step, event.epoch) for event in events] == [(10, 2), (20, 4), (25, 5)]


def test_evaluations_can_be_rare():
    events = measured(events_of({"training.epochs": 5, "training.evaluate_every": 2}))
    assert [event.epoch for event in events] == [2, 4, 5]


def test_without_validation_the_training_loss_picks_the_best():
    events = events_of({"dataset.val_fraction": 0.0})
    assert "val_loss" not in measured(events)[0].metrics
    assert events[-1].best.metrics["train_loss"] == min(e.metrics["train_loss"] for e in measured(events))


def test_the_experiment_can_name_the_metric_that_picks_the_best():
    finished = events_of(
        {"training.best_metric": "val_accuracy", "optimizer.lr": 0.05, "training.epochs": 10}
    )[-1]
    assert finished.best.metrics["val_accuracy"] >= finished.last.metrics["val_accuracy"]


def test_regression_is_scored_by_its_root_mean_square_error():
    settings = {
        "dataset.kind": "noisy_line",
        "dataset.samples": 10,
        "loss.kind": "mse",
        "training.batch_size": 4,
    }
    for event in measured(events_of(settings)):
        for part in ("train", "val"):
            assert event.metrics[f"{part}_rmse"] == pytest.approx(
                math.sqrt(event.metrics[f"{part}_loss"]), rel=1e-5
            )


def test_early_stopping_says_why():
    settings = {"training.epochs": 500, "optimizer.lr": 0.0, "training.early_stopping.patience": 4}
    events = events_of(settings)
    assert events[-1].outcome == "early_stopped"
    assert events[-1].reason.startswith("val_loss did not improve for 4 evaluations (best ")
    assert len(measured(events)) == 5


def test_early_stopping_heeds_its_start_mode_and_delta():
    base = {"training.epochs": 30, "training.early_stopping.patience": 2}
    late = events_of({**base, "optimizer.lr": 0.0, "training.early_stopping.start": 10})
    assert len(measured(late)) == 11
    picky = events_of({**base, "training.early_stopping.min_delta": 10.0})
    assert len(measured(picky)) == 3
    backwards = events_of({**base, "training.early_stopping.mode": "higher", "optimizer.lr": 0.01})
    assert len(measured(backwards)) < 6, "a falling loss is no improvement when higher is better"


def test_a_loss_that_is_not_finite_ends_the_run():
    line = {"dataset.kind": "noisy_line", "dataset.samples": 10, "loss.kind": "mse"}
    settings = {
        **line,
        "model.activation.kind": "none",
        "optimizer.kind": "sgd",
        "optimizer.lr": 100.0,
        "training.epochs": 50,
    }
    events = events_of(settings)
    assert events[-1].outcome == "diverged"
    assert "_loss is " in events[-1].reason
    assert " at epoch " in events[-1].reason
    assert len(measured(events)) < 50
    going_on = events_of({**settings, "training.on_divergence": "continue"})
    assert going_on[-1].outcome == "completed"
    assert len(measured(going_on)) == 50


def test_clipping_by_norm_keeps_the_direction_and_by_value_does_not():
    settings = {
        "optimizer.kind": "sgd",
        "optimizer.lr": 1.0,
        "training.batch_size": "full",
        "training.epochs": 1,
    }

    def moved(clip):
        from normlab.engine.data import load
        from normlab.engine.stopwatch import Stopwatch

        cpu = torch.device("cpu")
        wanted = experiment({**settings, **clip})
        trainer = Trainer(wanted, load(wanted, "", cpu), "", cpu, Stopwatch())
        before = [p.detach().clone() for p in trainer.module.parameters()]
        trainer.step(0, trainer.data.train_x, trainer.data.train_y, wants_norm=True)
        deltas = [b - p.detach() for b, p in zip(before, trainer.module.parameters(), strict=True)]
        return torch.cat([d.flatten() for d in deltas]), float(trainer.stepper.grad_norm)

    free, norm = moved({})
    assert float(free.norm()) == pytest.approx(norm, rel=1e-4)
    by_norm, told = moved({"training.clip_norm": norm / 4})
    assert told == pytest.approx(norm), "grad_norm is that of before clipping"
    torch.testing.assert_close(by_norm, free / 4, rtol=1e-3, atol=1e-6)
    limit = float(free.abs().max()) / 2
    by_value, _ = moved({"training.clip_value": limit})
    torch.testing.assert_close(by_value, free.clamp(-limit, limit), rtol=1e-3, atol=1e-6)


def test_a_stop_is_heeded_at_the_next_step_and_kept():
    control = Control()
    events = []
    for event in run(experiment({"training.epochs": 1000}), device="cpu", control=control):
        events.append(event)
        if len(measured(events)) == 2:
            control.stop("enough")
    assert (events[-1].outcome, events[-1].reason) == ("stopped", "enough")
    assert len(measured(events)) == 2


def test_a_stop_is_heeded_while_data_is_downloaded(monkeypatch, tmp_path):
    asked, closed = [], []

    def fetch(self, folder):
        try:
            for done in range(3):
                asked.append(done)
                yield Fetched("x.gz", done, 3)
        finally:
            closed.append(True)

    monkeypatch.setattr(Dataset, "fetch", fetch)
    control, told = Control(), []
    for event in run(experiment(), device="cpu", control=control, folder=tmp_path / "run"):
        told.append(event.event)
        if len(asked) == 2:
            control.stop()
    assert told == ["run_created", "preparing", "preparing", "run_finished"]
    assert (event.outcome, asked, closed) == ("stopped", [0, 1], [True])
    assert not (tmp_path / "run").exists()


def test_a_pause_is_not_counted():
    events = run(experiment({"training.epochs": 5}), device="cpu")
    next(events)
    started = time.perf_counter()
    time.sleep(0.5)
    rest = list(events)
    assert rest[-1].seconds <= time.perf_counter() - started - 0.5 + 0.01


def test_a_run_tells_where_it_is_between_evaluations():
    settings = {"training.steps": 4000, "training.evaluate_every": 4000, "model.hidden": [64] * 4}
    told = [event for event in events_of(settings) if isinstance(event, Progress)]
    assert told
    assert 0 < told[0].step < 4000


def test_best_and_last_weights_are_kept_and_named(tmp_path):
    settings = {"training.epochs": 6, "optimizer.lr": 0.05}
    events = events_of(settings, folder=tmp_path)
    saved = {event.name: event for event in events if isinstance(event, CheckpointSaved)}
    assert set(saved) == {"best", "last", "state"}
    finished = events[-1]
    assert isinstance(finished, RunFinished)
    assert saved["best"].epoch == finished.best.epoch
    with safe_open(saved["last"].path, "pt") as file:
        point = json.loads(file.metadata()["point"])
    assert point["epoch"] == 6
    assert point["metrics"]["val_loss"] == finished.last.metrics["val_loss"]

    import hashlib

    from normlab.engine.data import load
    from normlab.engine.module import build_module

    cpu, wanted = torch.device("cpu"), experiment(settings)
    data = load(wanted, "", cpu)
    for name, point in (("best", finished.best), ("last", finished.last)):
        with open(saved[name].path, "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == saved[name].sha256
        module = build_module(wanted.model, (2,), 2, 0, cpu).eval()
        module.load_state_dict(load_file(saved[name].path))
        with torch.no_grad():
            loss = torch.nn.functional.cross_entropy(module(data.val_x), data.val_y)
        assert float(loss) == pytest.approx(point.metrics["val_loss"], rel=1e-5)


def test_the_run_s_folder_holds_its_experiment(tmp_path):
    from normlab.core.parsing import parse
    from normlab.lab.toml import parse_toml

    wanted = experiment({"model.norm.kind": "batch", "training.early_stopping.patience": 2})
    list(run(wanted, device="cpu", folder=tmp_path))
    assert parse(Experiment, parse_toml((tmp_path / "experiment.toml").read_text())["experiment"]) == wanted


def test_closing_a_run_saves_it(tmp_path):
    events = run(experiment({"training.epochs": 1000}), device="cpu", folder=tmp_path)
    for _ in range(4):
        next(events)
    events.close()
    assert {path.name for path in tmp_path.iterdir()} == {
        "experiment.toml",
        "best.safetensors",
        "last.safetensors",
        "state.safetensors",
    }


def test_a_folder_that_can_not_be_written_is_a_warning(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    events = events_of(folder=blocked / "run")
    assert events[-1].outcome == "completed"
    assert next(event for event in events if isinstance(event, Warned)).message.startswith(
        f"{blocked}/run: weights"
    )


def test_memory_that_runs_out_is_an_outcome_with_a_remedy(monkeypatch):
    def explode(*_, **__):
        raise RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"
        )

    monkeypatch.setattr("normlab.engine.turns.Taker._take", explode)
    finished = events_of()[-1]
    assert finished.outcome == "oom"
    assert "training.batch_size (now 16)" in finished.reason


def test_other_errors_are_not_swallowed(monkeypatch):
    def explode(*_, **__):
        raise RuntimeError("a bug")

    monkeypatch.setattr("normlab.engine.turns.Taker._take", explode)
    with pytest.raises(RuntimeError, match="a bug"):
        events_of()


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_short_precisions_learn_like_float32(precision):
    full, short = (
        measured(events_of({"training.precision": p, "optimizer.lr": 0.01, "training.clip_norm": 5.0}))[
            -1
        ].metrics
        for p in ("float32", precision)
    )
    assert short["train_loss"] == pytest.approx(full["train_loss"], rel=0.05)
    assert short["train_loss"] != full["train_loss"]


def test_torch_s_global_settings_are_a_run_s_own_only_while_it_computes(monkeypatch):
    seen = []
    spy(
        monkeypatch,
        lambda _: seen.append((torch.are_deterministic_algorithms_enabled(), torch.get_num_threads())),
    )
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        runs = [run(experiment({"training.deterministic": flag}), device="cpu") for flag in (True, False)]
        for events in zip(*runs, strict=True):
            assert len(events) == 2
            assert not torch.are_deterministic_algorithms_enabled()
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert set(seen) == {(True, 1), (False, 1)}, "a small net gets one thread"


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:The .grad attribute:UserWarning"
)  # torch hides it, unless warnings are errors
def test_a_compiled_model_learns_the_same():
    settings = {"model.dropout.kind": "dropout", "model.norm.kind": "batch", "training.epochs": 2}
    plain, compiled = (
        measured(events_of({**settings, "training.compile": flag}))[-1].metrics for flag in (False, True)
    )
    assert compiled["val_loss"] == pytest.approx(plain["val_loss"], rel=1e-3)


@pytest.mark.slow
def test_digits_are_learnt():
    finished = list(run(Experiment(), device="cpu"))[-1]
    assert finished.best.metrics["val_accuracy"] > 0.95


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "cuda:x", "", "cpu:0", "meta"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(ConfigError, match="device"):
        pick_device(name)


def test_warnings_come_after_the_start():
    events = events_of({"model.norm.kind": "batch"})
    assert isinstance(events[1], RunStarted)
    assert "model.bias" in events[2].message


def test_a_run_s_folder_holds_a_preset_that_runs_it_again(tmp_path):
    from normlab.lab.presets import load_preset

    wanted = experiment({"seed": 3, "model.norm.kind": "batch"})
    first = numbers(list(run(wanted, device="cpu", folder=str(tmp_path), arm="x")))
    preset = load_preset(tmp_path / "experiment.toml")
    assert preset.title.endswith(": x, seed 3")
    assert numbers(list(run(preset.experiment, device="cpu"))) == first
