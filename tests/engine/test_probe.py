"""A probed run tells what its model answers, and is otherwise the run that it would have been."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support.runs import experiment, spy

from normlab.components.datasets import Dataset, Samples
from normlab.components.losses import Loss
from normlab.core.choice import member
from normlab.engine.control import Control
from normlab.engine.data import load, read, scaler
from normlab.engine.events import Measured, Probed, RunFinished, read_event
from normlab.engine.loop import run
from normlab.engine.module import build_module
from normlab.engine.probe import Probe, classes
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.trainer import Trainer
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change

CPU = torch.device("cpu")
LINE = {"dataset.kind": "noisy_line", "dataset.samples": 10, "loss.kind": "mse", "training.batch_size": 4}


def events_of(settings=None, **how):
    return list(run(experiment(settings), device="cpu", probe=True, **how))


def probed(events):
    return [event for event in events if isinstance(event, Probed)]


@pytest.fixture
def eager(monkeypatch):
    """Probe after each evaluation, however soon."""
    monkeypatch.setattr("normlab.engine.probing._PROBE_SECONDS", 0.0)


def probe_of(x, y, val_x=None, kind="circles", num_classes=2, **settings):
    train = Samples(np.asarray(x, np.float32), np.asarray(y))
    val = Samples(np.asarray(x if val_x is None else val_x, np.float32), np.asarray(y)[: len(val_x or x)])
    scaled = scaler(member(Dataset, kind, **settings), train.x)
    return Probe(train, val, scaled, num_classes, CPU)


# What it leaves alone


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"model.norm.kind": "batch", "model.dropout.kind": "dropout"},
        {"model.norm.kind": "ghost_batch", "model.parametrization.kind": "spectral_norm"},
        {"model.dropout.kind": "alpha", "dataset.standardize": "feature", "training.precision": "bfloat16"},
        {"optimizer.kind": "lbfgs", "training.batch_size": "full", "schedule.kind": "plateau"},
        {**LINE, "model.dropout.kind": "dropout", "training.order": "sorted"},
    ],
)
def test_a_probed_run_is_the_same_to_the_last_bit(eager, tmp_path, settings):
    told = []
    for probe in (False, True):
        before = torch.get_rng_state().clone(), str(np.random.get_state())
        events = list(run(experiment(settings), device="cpu", folder=tmp_path / str(probe), probe=probe))
        assert torch.equal(torch.get_rng_state(), before[0])
        assert str(np.random.get_state()) == before[1]
        assert len(probed(events)) == 3 * probe
        told.append(
            [
                {k: v for k, v in event.metrics.items() if k not in ("seconds", "samples_per_second")}
                for event in events
                if isinstance(event, Measured)
            ]
        )
    assert told[0] == told[1]
    for name in ("last", "best"):
        plain, other = (load_file(tmp_path / p / f"{name}.safetensors") for p in ("False", "True"))
        assert plain.keys() == other.keys()
        for key, value in plain.items():
            assert torch.equal(value, other[key]), key


def test_every_step_is_taken_in_training_mode(eager, monkeypatch):
    modes = []
    spy(monkeypatch, lambda turn: modes.append({layer.training for layer in turn.trainer.module.modules()}))
    events_of({"model.norm.kind": "batch", "model.dropout.kind": "dropout"})
    assert modes == [{True}] * 18


def test_its_seconds_are_not_the_run_s(eager, monkeypatch):
    now = [0.0]
    look = Probe.look

    def slow(*arguments):
        now[0] += 100.0
        return look(*arguments)

    for clock in ("stopwatch", "turns"):
        monkeypatch.setattr(f"normlab.engine.{clock}.time", SimpleNamespace(perf_counter=lambda: now[0]))
    monkeypatch.setattr(Probe, "look", slow)
    events = events_of()
    assert now == [300.0]
    assert events[-1].seconds == 0.0
    assert [event.metrics["seconds"] for event in events if isinstance(event, Measured)] == [0.0] * 3


def test_a_compiled_net_is_asked_without_compiling(monkeypatch):
    wanted = experiment()
    trainer = Trainer(wanted, load(wanted, Path(), CPU), Path(), CPU, Stopwatch())
    expected = trainer.answer(trainer.data.val_x)
    monkeypatch.setattr(trainer.module, "_compiled_call_impl", lambda *_: pytest.fail("compiled"))
    assert torch.equal(trainer.answer(trainer.data.val_x), expected)


def test_memory_that_runs_out_costs_the_picture_alone(eager, monkeypatch):
    def fail(self, x):
        with self._evaluating():
            raise torch.OutOfMemoryError

    monkeypatch.setattr(Trainer, "answer", fail)
    events = events_of({"model.dropout.kind": "dropout"})
    assert probed(events) == []
    assert events[-1].outcome == "completed"


def test_other_errors_are_told(eager, monkeypatch):
    def fail(self, x):
        raise RuntimeError("odd")

    monkeypatch.setattr(Trainer, "answer", fail)
    with pytest.raises(RuntimeError, match="odd"):
        events_of()


# When


def test_it_comes_before_the_evaluation_that_it_belongs_to(eager):
    events = events_of()
    assert [event.event for event in events] == [
        "run_created", "run_started", *["probed", "measured"] * 3, "run_finished",
    ]  # fmt: skip
    assert [(event.epoch, event.step) for event in probed(events)] == [(1, 6), (2, 12), (3, 18)]
    assert len({event.run for event in events}) == 1


def test_it_comes_twice_a_second_at_most_and_at_the_end(monkeypatch):
    clock = iter(np.arange(100) * 0.15)  # an evaluation each 0.15 s, and a reading after each picture
    monkeypatch.setattr("normlab.engine.probing.time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    events = events_of({"training.epochs": 9})
    assert [event.epoch for event in probed(events)] == [1, 5, 9]
    assert [event.event for event in events[-3:]] == ["probed", "measured", "run_finished"]


def test_without_probe_nothing_is_told():
    assert not probed(run(experiment(), device="cpu"))


@pytest.mark.parametrize(
    "settings", [{"dataset.kind": "digits"}, {"dataset.kind": "linear_pattern", "dataset.features": 3}]
)
def test_samples_of_more_numbers_are_not_probed(eager, settings):
    wanted = change(Experiment(), {**settings, "training.epochs": 1})
    assert not probed(run(wanted, device="cpu", probe=True))


def test_a_run_that_is_stopped_shows_what_it_has_learnt(monkeypatch):
    monkeypatch.setattr("normlab.engine.session._PROGRESS_SECONDS", -1.0)
    control, told = Control(), []
    for event in run(experiment(), device="cpu", control=control, probe=True):
        told.append(event)
        if event.event == "progress" and event.step == 3:
            control.stop()
    (picture,) = probed(told)
    assert (picture.epoch, picture.step) == (1, 3)
    assert isinstance(told[-1], RunFinished)


def test_a_run_that_took_no_step_shows_nothing():
    control = Control()
    control.stop()
    events = events_of(control=control)
    assert [event.event for event in events] == ["run_created", "run_finished"]


# What


def by_hand(settings, folder, grid):
    """Ask a run's last weights, with inputs scaled as written here."""
    wanted = experiment(settings)
    train, _ = read(wanted, Path())
    raw = train.x * np.float32([1, 1000] if train.x.shape[1] == 2 else [1])
    grid = (grid * ([1, 1000] if train.x.shape[1] == 2 else [1]) - raw.mean(0)) / raw.std(0)
    outputs = wanted.loss.num_outputs(wanted.dataset.outline(Path()))
    module = build_module(wanted.model, train.x.shape[1:], outputs, 0, CPU)
    module.load_state_dict(load_file(folder / "last.safetensors"))
    with torch.no_grad():
        return module.eval()(torch.from_numpy(grid.astype(np.float32)))


@pytest.mark.parametrize("loss", ["cross_entropy", "bce"])
def test_a_plane_has_the_class_at_each_input(eager, tmp_path, loss):
    settings = {
        "dataset.standardize": "feature",
        "dataset.scale_fault": {"feature": 1, "factor": 1000.0},
        "model.norm.kind": "batch",
        "training.epochs": 20,
        "optimizer.lr": 0.01,
        "loss.kind": loss,
    }
    last = probed(events_of(settings, folder=tmp_path))[-1]
    assert last.sizes == (40, 40)
    x, y = (np.linspace(last.low[d], last.high[d], 40) for d in (0, 1))
    grid = np.array([(a, b) for b in y for a in x])
    output = by_hand(settings, tmp_path, grid)
    expected = output.argmax(1) if loss == "cross_entropy" else (output[:, 0] > 0).long()
    agreed = np.mean(np.array(last.answers) == expected.numpy())
    assert agreed > 0.998, "but for rounding at the boundary"
    assert set(last.answers) == {0.0, 1.0}
    assert np.mean(np.array(last.answers).reshape(40, 40).T.ravel() == expected.numpy()) < agreed, (
        "the order shows"
    )


def test_a_line_has_the_value_at_each_input(eager, tmp_path):
    settings = {**LINE, "dataset.standardize": "feature", "training.epochs": 20}
    last = probed(events_of(settings, folder=tmp_path))[-1]
    assert (last.low, last.high, last.sizes) == (pytest.approx([-1.2]), pytest.approx([1.2]), (101,))
    output = by_hand(settings, tmp_path, np.linspace(-1.2, 1.2, 101)[:, None])
    assert last.answers == pytest.approx(output[:, 0].tolist(), abs=1e-5)


def test_a_sample_by_itself_is_standardised_by_itself():
    probe, seen = probe_of([[0.0, 1.0], [2.0, 5.0]], [0, 1], standardize="sample"), []
    probe.look("a", 1, 1, lambda x: seen.append(x) or torch.zeros(len(x), 2))
    x, y = np.meshgrid(np.linspace(-0.2, 2.2, 40), np.linspace(0.6, 5.4, 40))
    apart = np.abs(x - y).ravel() > 0.01
    expected = np.stack((np.sign(x - y), np.sign(y - x)), -1).reshape(-1, 2)
    np.testing.assert_allclose(seen[0].numpy()[apart], expected[apart], atol=1e-4)


def test_samples_are_in_the_data_s_own_units_with_the_targets_that_are_trained_on(eager):
    settings = {"dataset.standardize": "feature", "dataset.label_noise": 0.3, "dataset.samples": 1000}
    told = probed(events_of({**settings, "training.order": "sorted"}))[0]
    train, val = read(experiment(settings), Path())
    rows = {tuple(row) for row in np.column_stack((train.x, train.y)).tolist()}
    val_rows = {tuple(row) for row in np.column_stack((val.x, val.y)).tolist()}
    samples = told.samples
    assert len(samples.train) == len(samples.val) == 300
    assert len(set(samples.train)) == 300
    assert set(samples.train) <= rows
    assert set(samples.val) == val_rows, "all 300 of them"


def test_pictures_of_a_run_share_their_samples_which_are_told_once(eager):
    first, *rest = probed(events_of({"dataset.samples": 1000}))
    assert first.samples
    assert [later.samples for later in rest] == [None, None]
    assert {(picture.low, picture.high) for picture in rest} == {(first.low, first.high)}


@pytest.mark.parametrize(
    ("settings", "num_classes"),
    [
        ({}, 2),
        ({"dataset.kind": "spirals", "dataset.samples": 300, "dataset.classes": 5, "model.hidden": [4]}, 5),
        (LINE, None),
    ],
)
def test_a_picture_says_whether_it_is_of_classes(eager, settings, num_classes):
    assert {picture.num_classes for picture in probed(events_of(settings))} == {num_classes}


def test_the_range_covers_both_parts_and_a_tenth_more():
    probe = probe_of([[0.0, 5.0], [10.0, 5.0]], [0, 1], [[-10.0, 5.0]])
    assert probe.low.tolist() == pytest.approx([-12.0, 4.5])
    assert probe.high.tolist() == pytest.approx([12.0, 5.5])


def test_the_largest_numbers_of_32_bits_have_a_picture():
    largest = float(np.finfo(np.float32).max)
    probe = probe_of([[-largest, 0.0], [largest, 1.0]], [0, 1])
    told = probe.look("a", 1, 1, lambda x: x)
    assert (told.low[0], told.high[0]) == (-largest, largest)


def test_a_run_without_validation_has_no_samples_of_it(eager):
    told = probed(events_of({"dataset.val_fraction": 0.0}))[0].samples
    assert (len(told.train), told.val) == (120, ())


def test_answers_that_are_not_finite_survive(eager):
    settings = {**LINE, "optimizer.kind": "sgd", "optimizer.lr": 1e6, "training.epochs": 20}
    events = events_of({**settings, "training.on_divergence": "continue"})
    assert not any(map(math.isfinite, probed(events)[-1].answers))
    assert probed(events_of(settings))[-1].step < probed(events)[-1].step, "nor where they end the run"


def test_answers_keep_their_kind_of_infinity_through_json():
    probe = probe_of([[0.0], [1.0]], np.float32([[0.0], [1.0]]), kind="noisy_line", num_classes=None)
    odd = torch.tensor([math.nan, math.inf, -math.inf, 0.5])[:, None]
    told = probe.look("a", 1, 1, lambda _: odd)
    assert str(told.answers) == "(nan, inf, -inf, 0.5)"
    assert str(read_event(told.model_dump_json()).answers) == str(told.answers)


def test_the_class_that_a_nan_points_at_means_nothing():
    assert str(classes(torch.tensor([[0.0, math.nan], [1.0, 2.0]])).tolist()) == "[nan, 1.0]"
    assert str(classes(torch.tensor([[math.nan], [math.inf], [-1.0]])).tolist()) == "[nan, 1.0, 0.0]"


@pytest.mark.parametrize(("kind", "width"), [("cross_entropy", 3), ("bce", 1)])
def test_the_class_is_the_one_that_the_loss_counts_as_right(kind, width):
    output = torch.randn(100, width, generator=torch.Generator().manual_seed(0))
    right = member(Loss, kind).measure(output, classes(output).long())
    assert right.all()


def test_scaling_other_inputs_goes_by_the_training_part():
    train, val, other = (np.float32(x)[:, None] for x in ([0, 2], [4], [1, 3, 5]))
    scaled = map(scaler(member(Dataset, "circles", standardize="feature"), train), (train, val, other))
    assert [part.ravel().tolist() for part in scaled] == [[-1, 1], [3], [0, 2, 4]]
