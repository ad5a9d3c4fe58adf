"""What every run owes its user, whatever the parts; each of these once survived a broken engine."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support.runs import events_of, experiment, measured, spy

from normlab.components.datasets import Dataset, Outline, Samples
from normlab.core.choice import member
from normlab.engine.data import Data, add_label_noise, batches, load, prepare, split
from normlab.engine.evaluation import Tally
from normlab.engine.events import RunFinished
from normlab.engine.module import build_module
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.trainer import Trainer
from normlab.lab.batches import batch_sizes

CPU = torch.device("cpu")
STEPS_PER_EPOCH = 6
NOISY = {"model.dropout.kind": "dropout", "model.norm.kind": "batch", "model.bias": False}


def finished(events):
    return next(event for event in events if isinstance(event, RunFinished))


def trainer_of(settings=None, data=None):
    wanted = experiment(settings)
    return Trainer(wanted, data or load(wanted, Path(), CPU), Path(), CPU, Stopwatch())


def weights(module):
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


# Evaluation


def test_evaluation_is_in_evaluation_mode(tmp_path):
    settings = {**NOISY, "optimizer.lr": 0.05}
    told = finished(events_of(settings, folder=tmp_path)).last.metrics
    wanted = experiment(settings)
    data = load(wanted, Path(), CPU)
    module = build_module(wanted.model, (2,), 2, 0, CPU)
    module.load_state_dict(load_file(tmp_path / "last.safetensors"))

    def loss(mode):
        with torch.no_grad():
            return float(torch.nn.functional.cross_entropy(module.train(mode)(data.val_x), data.val_y))

    by_hand, training_s = loss(False), loss(True)
    assert abs(by_hand - training_s) > 1e-3, "else this test tells nothing"
    assert told["val_loss"] == pytest.approx(by_hand, rel=1e-5)


def test_evaluation_changes_nothing_of_the_training():
    """A run that is evaluated after each step ends where a run that is evaluated once does."""
    settings = {**NOISY, "training.steps": 12}
    often, once = (
        measured(events_of({**settings, "training.evaluate_every": every}))[-1] for every in (1, 12)
    )
    for name in ("val_loss", "val_accuracy", "grad_norm"):
        assert often.metrics[name] == once.metrics[name]


def test_training_mode_is_restored_in_every_layer(monkeypatch):
    modes = []
    spy(monkeypatch, lambda turn: modes.append({layer.training for layer in turn.trainer.module.modules()}))
    events_of(NOISY)
    assert modes == [{True}] * 3 * STEPS_PER_EPOCH


# Schedules


def cosine(time, length):
    return (1 + math.cos(math.pi * time / length)) / 2


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        ({"kind": "cosine"}, lambda t: cosine(t, 12)),
        ({"kind": "cosine", "per": "epoch"}, lambda t: cosine(t // STEPS_PER_EPOCH, 2)),
        (
            {"kind": "cosine", "warmup_steps": 4, "warmup_start": 0.2},
            lambda t: 0.2 + 0.8 * t / 4 if t < 4 else cosine(t - 4, 8),
        ),
        ({"kind": "constant", "warmup_steps": 5, "warmup_start": 0.5}, lambda t: min(1, 0.5 + 0.1 * t)),
        ({"kind": "step", "size": 1, "gamma": 0.5}, lambda t: 0.5 ** (t // STEPS_PER_EPOCH)),
        ({"kind": "step", "per": "step", "size": 5}, lambda t: 0.1 ** (t // 5)),
    ],
)
def test_every_step_is_taken_at_the_rate_of_the_schedule(monkeypatch, schedule, factor):
    rates = []

    def note(turn):
        rates.append([group["lr"] for group in turn.trainer.stepper.optimizer.param_groups])

    spy(monkeypatch, after=note)
    settings = {f"schedule.{name}": value for name, value in schedule.items()}
    events = events_of(
        {
            **settings,
            "optimizer.kind": "adamw",
            "optimizer.lr": 0.25,
            "training.steps": 12,
            "training.evaluate_every": 1,
        }
    )
    by_hand = [0.25 * factor(t) for t in range(12)]
    assert len(rates[0]) == 2, "weights that decay, and parameters that don't"
    assert [event.metrics["lr"] for event in measured(events)] == pytest.approx(by_hand, rel=1e-6)
    for group in zip(*rates, strict=True):
        assert list(group) == pytest.approx(by_hand, rel=1e-6)


def test_a_rate_of_nearly_nothing_moves_nearly_nothing():
    """The scheduled rate is the one that the step uses, not only the one that is told."""
    settings = {"optimizer.kind": "sgd", "optimizer.lr": 1.0, "training.batch_size": "full"}
    warming = {**settings, "schedule.warmup_steps": 2, "schedule.warmup_start": 0.001}
    moves = []
    for wanted in (settings, warming):
        trainer = trainer_of(wanted)
        before = weights(trainer.module)
        trainer.step(0, trainer.data.train_x, trainer.data.train_y, wants_norm=False)
        moves.append(float((weights(trainer.module) - before).norm()))
    assert moves[1] == pytest.approx(moves[0] / 1000, rel=0.01)


@pytest.mark.parametrize("metric", ["val_loss", "train_loss"])
def test_a_plateau_lowers_the_rate_of_the_run(monkeypatch, metric):
    script(monkeypatch, {metric: [1.0, 0.5, 0.5, 0.4, 0.6, 0.6]})
    settings = {"schedule.kind": "plateau", "schedule.metric": metric, "schedule.patience": 0}
    events = measured(
        events_of({**settings, "schedule.gamma": 0.5, "optimizer.lr": 0.08, "training.epochs": 6})
    )
    assert [event.metrics["lr"] for event in events] == pytest.approx([0.08, 0.08, 0.08, 0.04, 0.04, 0.02])


# The best evaluation, and the end


def script(monkeypatch, columns):
    """Let a run measure these values, whatever it learns; the last one for ever after."""
    take = Tally.take
    taken = Counter()

    def scripted(self, part):
        metrics = take(self, part)
        at, taken[part] = taken[part], taken[part] + 1
        return metrics | {
            name: column[min(at, len(column) - 1)] for name, column in columns.items() if name in metrics
        }

    monkeypatch.setattr(Tally, "take", scripted)


# Each has its best at an epoch of its own.
CURVES = {
    "train_loss": [6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 9.0, 9.0, 9.0],
    "val_loss": [3.0, 2.0, 1.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0],
    "train_accuracy": [0.1, 0.2, 0.3, 0.9, 0.4, 0.4, 0.4, 0.4, 0.4],
    "val_accuracy": [0.1, 0.2, 0.3, 0.4, 0.9, 0.0, 0.0, 0.0, 0.0],
}
BESTS = {"train_loss": 6, "val_loss": 3, "train_accuracy": 4, "val_accuracy": 5}


@pytest.mark.parametrize("metric", [*CURVES, None])
def test_the_metric_that_is_named_picks_the_best(monkeypatch, tmp_path, metric):
    script(monkeypatch, CURVES)
    events = events_of({"training.epochs": 9, "training.best_metric": metric}, folder=tmp_path)
    best = finished(events).best
    assert best.epoch == BESTS[metric or "val_loss"]
    assert best.metrics == measured(events)[best.epoch - 1].metrics
    assert finished(events).last.epoch == 9


@pytest.mark.parametrize("named", ["training.early_stopping.metric", "training.best_metric"])
@pytest.mark.parametrize("metric", [*CURVES])
def test_early_stopping_watches_the_metric_that_is_named(monkeypatch, named, metric):
    script(monkeypatch, CURVES)
    events = events_of({"training.epochs": 9, "training.early_stopping.patience": 2, named: metric})
    assert len(measured(events)) == BESTS[metric] + 2
    assert finished(events).outcome == "early_stopped"
    assert finished(events).reason.startswith(f"{metric} did not improve for 2 evaluations")


def test_early_stopping_s_own_metric_comes_before_the_one_that_picks_the_best(monkeypatch):
    script(monkeypatch, CURVES)
    stop = {"training.early_stopping.patience": 2, "training.early_stopping.metric": "val_loss"}
    end = finished(events_of({**stop, "training.epochs": 9, "training.best_metric": "val_accuracy"}))
    assert (end.last.epoch, end.best.epoch) == (5, 5)


@pytest.mark.parametrize("metric", ["train_loss", "val_loss"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_either_loss_alone_ends_the_run_when_it_is_not_finite(monkeypatch, metric, value):
    script(monkeypatch, {metric: [1.0, value]})
    events = events_of()
    assert len(measured(events)) == 2
    assert finished(events).outcome == "diverged"
    assert finished(events).reason == f"{metric} is {value} at epoch 2"


def test_validation_data_that_gives_nan_ends_the_run(monkeypatch):
    def spoilt(*arguments):
        data = prepare(*arguments)
        return Data(data.train_x, data.train_y, data.val_x * math.nan, data.val_y)

    monkeypatch.setattr("normlab.engine.data.prepare", spoilt)
    events = events_of()
    end = finished(events)
    assert (end.outcome, end.reason, end.best) == ("diverged", "val_loss is nan at epoch 1", None)
    assert math.isfinite(end.last.metrics["train_loss"])


# Seeds


def same_split(monkeypatch):
    monkeypatch.setattr(
        "normlab.engine.data.split", lambda dataset, outline, samples, seed: (samples, samples)
    )


def loaded(settings, seed):
    return load(experiment({**settings, "seed": seed}), Path(), CPU)


def test_the_seed_decides_the_data_whatever_the_split(monkeypatch):
    same_split(monkeypatch)
    first, again, other = (loaded({}, seed).train_x.sort(0).values for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_seed_decides_the_split_whatever_the_data():
    first, again, other = (loaded({"dataset.kind": "digits"}, seed) for seed in (0, 0, 1))
    assert torch.equal(first.train_y, again.train_y)
    assert not torch.equal(first.train_y, other.train_y)
    samples = Samples(np.arange(100, dtype=np.float32)[:, None], np.arange(100) % 2)
    dataset, outline = member(Dataset, "digits"), Outline((1,), "classification", 2, 100)
    parts = [set(split(dataset, outline, samples, seed)[1].x.ravel()) for seed in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]


def test_the_seed_decides_the_label_noise_whatever_the_split(monkeypatch):
    same_split(monkeypatch)
    settings = {"dataset.kind": "digits", "dataset.label_noise": 0.2}
    first, again, other = (loaded(settings, seed).train_y for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    labels = np.arange(100) % 10
    rows = [(add_label_noise(labels, 0.3, 10, seed) != labels).tolist() for seed in (0, 1)]
    assert rows[0] != rows[1], "which labels are replaced"
    values = [add_label_noise(labels, 1.0, 10, seed).tolist() for seed in (0, 1)]
    assert values[0] != values[1], "what they become"


def test_the_seed_decides_the_order_whatever_the_data():
    data = loaded({}, 0)
    sizes = batch_sizes(experiment().training, data.num_train)
    orders = [torch.cat([x for x, _ in batches(data, sizes, 1, seed, shuffled=True)]) for seed in (0, 0, 1)]
    assert torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0], orders[2])
    runs = [torch.cat([x for x, _ in trainer_of({"seed": seed}, data).epoch(1)]) for seed in (0, 1)]
    assert torch.equal(runs[0], orders[0])
    assert torch.equal(runs[1], orders[2])


def test_the_seed_decides_the_initial_weights_and_the_dropped_values():
    data = loaded({}, 0)
    nets = [trainer_of({"model.dropout.kind": "dropout", "seed": seed}, data).module for seed in (0, 0, 1)]
    assert torch.equal(weights(nets[0]), weights(nets[1]))
    for name, value in nets[0].state_dict().items():
        assert not torch.equal(value, nets[2].state_dict()[name]) or not value.any(), name
    nets[2].load_state_dict(nets[0].state_dict())
    with torch.no_grad():
        outputs = [net.train()(data.train_x) for net in nets]
    assert torch.equal(outputs[0], outputs[1])
    assert not torch.equal(outputs[0], outputs[2])


@pytest.mark.parametrize(
    "arm",
    [
        {"optimizer.kind": "sgd", "schedule.kind": "cosine"},
        {**NOISY, "model.hidden": [8, 8, 8]},
        {"training.precision": "bfloat16", "training.clip_norm": 1.0},
    ],
)
def test_two_arms_under_one_seed_see_the_same_batches(monkeypatch, arm):
    seen = []
    spy(monkeypatch, lambda turn: seen.append((turn.x.clone(), turn.y.clone())))
    events_of()
    plain, seen[:] = list(seen), []
    events_of(arm)
    assert len(plain) == 3 * STEPS_PER_EPOCH
    for (x, y), (other_x, other_y) in zip(plain, seen, strict=True):
        assert torch.equal(x, other_x)
        assert torch.equal(y, other_y)


# How steps are computed


def test_compiling_is_done_where_it_is_asked_for(monkeypatch):
    compiled = []
    monkeypatch.setattr(torch.compiler, "reset", lambda: None)
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self, *_, **__: compiled.append(self))
    trainer_of()
    assert compiled == []
    trainer = trainer_of({"training.compile": True})
    assert compiled == [trainer.module]


@pytest.mark.parametrize("clip", [{}, {"training.clip_norm": 0.05}, {"training.clip_value": 0.01}])
def test_float16_is_clipped_as_float32_is(clip):
    settings = {"optimizer.kind": "sgd", "optimizer.lr": 1.0, "training.batch_size": "full", **clip}
    norms, moves = [], []
    for precision in ("float32", "float16"):
        trainer = trainer_of({**settings, "training.precision": precision})
        before = weights(trainer.module)
        trainer.step(0, trainer.data.train_x, trainer.data.train_y, wants_norm=True)
        norms.append(float(trainer.stepper.grad_norm))
        moves.append(weights(trainer.module) - before)
    assert norms[0] > 0.05, "else nothing is clipped"
    assert norms[1] == pytest.approx(norms[0], rel=0.02)
    assert float((moves[1] - moves[0]).norm()) < 0.02 * float(moves[0].norm())


def test_no_step_asks_the_device_for_a_number(monkeypatch):
    """On a GPU each such question waits until all that was asked before is computed."""
    asked = []

    def count(name):
        original = getattr(torch.Tensor, name)

        def noting(self, *arguments, **options):
            asked.append(name)
            return original(self, *arguments, **options)

        monkeypatch.setattr(torch.Tensor, name, noting)

    for name in ("item", "tolist", "__float__", "__bool__", "__int__", "__index__"):
        count(name)
    monkeypatch.setattr("normlab.engine.session._PROGRESS_SECONDS", math.inf)
    counts = []
    for steps in (50, 100):
        asked.clear()
        settings = {**NOISY, "optimizer.kind": "sgd", "training.clip_norm": 1.0, "training.clip_value": 1.0}
        events_of({**settings, "training.steps": steps, "training.evaluate_every": steps})
        counts.append(sorted(asked))
    assert counts[0], "the evaluation asks, so the count works"
    assert counts[0] == counts[1]
