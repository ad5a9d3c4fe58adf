import copy
import math
import time
from itertools import groupby

import pytest
import torch
from support.runs import spy

from normlab import Experiment, change
from normlab.core import places
from normlab.core.errors import ConfigError
from normlab.engine.control import Control
from normlab.engine.data import Data, load
from normlab.engine.kinship import alone, cohort_size, kin
from normlab.engine.loop import run, run_cohort
from normlab.engine.request import Request
from normlab.engine.session import Session
from normlab.engine.stopwatch import Stopwatch
from normlab.engine.trainer import Trainer
from normlab.engine.turns import Taker, Turn
from normlab.engine.weights import read_weights

CPU = torch.device("cpu")
TIMES = ("seconds", "samples_per_second")
SMALL = {
    "dataset.kind": "moons",
    "dataset.samples": 150,
    "model.hidden": [17, 9],
    "training.batch_size": 32,
    "training.epochs": 3,
    "training.last_batch": "keep",
}


def experiment(**settings):
    return change(
        Experiment(), {**SMALL, **{name.replace("__", "."): value for name, value in settings.items()}}
    )


def some(count, **settings):
    """Give runs that differ in what may differ: seed, rate, optimizer, schedule, init, label noise, dropout."""
    variants = [
        {},
        {"optimizer.lr": 0.03},
        {"optimizer.kind": "sgd", "optimizer.momentum": 0.9},
        {"optimizer.kind": "adamw", "optimizer.weight_decay": 0.1},
        {"schedule.kind": "cosine"},
        {"model.init.kind": "kaiming"},
        {"dataset.label_noise": 0.2},
        {"training.clip_norm": 0.1},
    ]
    return [
        change(experiment(**settings), variants[seed % len(variants)]).model_copy(update={"seed": seed})
        for seed in range(count)
    ]


def told(event):
    """What an event says, times apart."""
    plain = event.model_dump()
    for point in (plain, plain.get("best") or {}, plain.get("last") or {}):
        for name in TIMES:
            point.get("metrics", {}).pop(name, None)
    plain.pop("seconds", None)
    return repr(plain)  # nan equals nan


def lasting(events, run_id):
    return [told(e) for e in events if e.run == run_id and e.event not in ("progress", "preparing", "saving")]


def by_itself(wanted, run_id, **settings):
    return lasting(run(wanted, device="cpu", run_id=run_id, num_threads=1, **settings), run_id)


def in_cohort(experiments, **settings):
    requests = [Request(each, run_id=f"run{place}", **settings) for place, each in enumerate(experiments)]
    return list(run_cohort(requests, device="cpu", num_threads=1))


MLPS = [
    {},
    {"model__norm__kind": "batch"},
    {"model__norm__kind": "ghost_batch", "model__norm__ghost_size": 5},
    {"model__norm__kind": "layer"},
    {"model__norm__kind": "group", "model__norm__groups": 1},
    {"model__norm__kind": "rms"},
    {"model__norm__kind": "dyt"},
    {"model__dropout__kind": "dropout", "model__dropout__p": 0.3},
    {"model__dropout__kind": "alpha", "model__activation__kind": "selu"},
    {"model__activation__kind": "gelu"},
    {"model__activation__kind": "silu"},
    {"model__activation__kind": "tanh"},
    {"model__activation__kind": "sigmoid", "loss__kind": "bce"},
    {"model__activation__kind": "leaky_relu", "loss__label_smoothing": 0.1},
    {"training__evaluation_mode": "train", "model__norm__kind": "batch"},
    {"training__batch_size": "full"},
]


@pytest.mark.parametrize("settings", MLPS, ids=lambda each: ",".join(map(str, each.values())))
def test_a_run_gives_the_same_bits_alone_and_in_any_company(settings):
    runs = some(8, **settings)
    events = in_cohort(runs)
    for place in (0, 3, 7):
        assert lasting(events, f"run{place}") == by_itself(runs[place], f"run{place}")
    fewer = in_cohort([runs[5], runs[0], runs[3]])
    expected = [line.replace("run3", "run2") for line in lasting(events, "run3")]
    assert lasting(fewer, "run2") == expected


RESIDUAL_MLPS = [
    *({"model.norm.kind": kind} for kind in ("none", "batch", "layer", "rms", "dyt")),
    {"model.norm.kind": "group", "model.norm.groups": 4},
    {"model.norm.kind": "ghost_batch", "model.norm.ghost_size": 5},
    {"model.norm.kind": "batch", "model.norm_placement": "post"},
    {"model.dropout.kind": "drop_path", "model.dropout.p": 0.4},
]


@pytest.mark.parametrize("settings", RESIDUAL_MLPS, ids=lambda each: ",".join(map(str, each.values())))
def test_residual_nets_too(settings):
    wanted = {"model.kind": "residual_mlp", "model.width": 20, "model.depth": 2}
    base = {name: value for name, value in SMALL.items() if name != "model.hidden"}
    first = change(Experiment(), {**base, **wanted, **settings})
    runs = [first.model_copy(update={"seed": seed}) for seed in range(3)]
    assert alone(first) is None
    events = in_cohort(runs)
    assert lasting(events, "run1") == by_itself(runs[1], "run1")


OPTIMIZERS = ["adafactor", "muon", "rprop", "nadam", "radam", "rmsprop", "adagrad", "adadelta", "adamax"]


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_optimizer_steps_a_run_of_a_cohort_as_it_steps_it_alone(kind):
    runs = [experiment(optimizer__kind=kind).model_copy(update={"seed": seed}) for seed in range(3)]
    assert lasting(in_cohort(runs), "run2") == by_itself(runs[2], "run2")


def test_one_that_diverges_and_one_that_stops_early_leave_and_the_others_train_on():
    stopping = {"training.early_stopping": {"patience": 1, "start": 1, "min_delta": 10.0}}
    runs = some(4)
    runs[1] = change(runs[1], {"optimizer.kind": "sgd", "optimizer.lr": 1e6, "optimizer.weight_decay": 1e6})
    runs[2] = change(runs[2], stopping)
    events = in_cohort(runs)
    ends = {e.run: e.outcome for e in events if e.event == "run_finished"}
    assert ends == {"run0": "completed", "run1": "diverged", "run2": "early_stopped", "run3": "completed"}
    for place in range(4):
        assert lasting(events, f"run{place}") == by_itself(runs[place], f"run{place}")


def test_a_control_ends_its_own_run_alone():
    controls = [Control(), Control()]
    requests = [
        Request(each, run_id=f"run{place}", control=controls[place]) for place, each in enumerate(some(2))
    ]
    events = []
    for event in run_cohort(requests, device="cpu", num_threads=1):
        events.append(event)
        if event.event == "measured" and event.run == "run0":
            controls[0].stop("enough")
    ends = {e.run: (e.outcome, e.last.epoch) for e in events if e.event == "run_finished"}
    assert ends == {"run0": ("stopped", 1), "run1": ("completed", 3)}
    assert lasting(events, "run1") == by_itself(some(2)[1], "run1")


def test_a_control_under_another_ends_with_it():
    above = Control()
    under = Control(above)
    under.interrupt("its own")
    other = Control(above)
    above.stop("all of it")
    assert (under.outcome, under.reason) == ("interrupted", "its own")
    assert (other.outcome, other.reason) == ("stopped", "all of it")


def test_a_paused_run_waits_while_the_others_train_on_and_changes_nothing():
    controls = [Control(), Control(), Control()]
    requests = [
        Request(each, run_id=f"run{place}", control=controls[place]) for place, each in enumerate(some(3))
    ]
    events, order = [], []
    for event in run_cohort(requests, device="cpu", num_threads=1):
        events.append(event)
        if event.event == "measured" and event.run == "run1" and event.epoch == 1:
            controls[1].paused = True
        if event.event == "run_finished":
            order.append(event.run)
            controls[1].paused = "run0" not in order or "run2" not in order
    assert order[-1] == "run1"
    for place, wanted in enumerate(some(3)):
        assert lasting(events, f"run{place}") == by_itself(wanted, f"run{place}")


def test_runs_that_cant_be_stacked_take_turns_with_the_others():
    cnn = change(Experiment(), {"model.kind": "cnn", "model.channels": [4], "training.epochs": 1})
    runs = [cnn, *some(2), experiment(model__hidden=[5])]
    events = in_cohort(runs)
    assert {e.outcome for e in events if e.event == "run_finished"} == {"completed"}
    for place, wanted in enumerate(runs):
        assert lasting(events, f"run{place}") == by_itself(wanted, f"run{place}")


@pytest.mark.parametrize("fitting", [1, 2])
def test_runs_that_do_not_fit_a_cache_together_go_some_steps_each_and_give_the_same(monkeypatch, fitting):
    monkeypatch.setattr("normlab.engine.kinship._MAX_RUNS", fitting)
    monkeypatch.setattr("normlab.engine.cohort._SLICE_SECONDS", 1e9)
    seen = []
    spy(monkeypatch, before=lambda turn: seen.append(turn.trainer.experiment.seed))
    runs = some(3)
    events = in_cohort(runs)
    monkeypatch.undo()
    in_a_row = [place for place, _ in groupby(seen, lambda seed: seed // fitting)]
    assert in_a_row == sorted(set(in_a_row))
    for place, wanted in enumerate(runs):
        assert lasting(events, f"run{place}") == by_itself(wanted, f"run{place}")


def test_a_run_that_is_held_amid_its_steps_lets_those_go_on_that_do_not_fit_beside_it(monkeypatch):
    monkeypatch.setattr("normlab.engine.kinship._MAX_RUNS", 1)
    monkeypatch.setattr("normlab.engine.cohort._SLICE_SECONDS", 1e9)
    controls = [Control(), Control()]
    requests = [
        Request(each, run_id=f"run{place}", control=controls[place]) for place, each in enumerate(some(2))
    ]
    ends = []
    for event in run_cohort(requests, device="cpu", num_threads=1):
        if event.event == "measured" and event.run == "run0" and event.epoch == 2:
            controls[0].paused = True
        if event.event == "run_finished":
            ends.append(event.run)
            controls[0].paused = False
    assert ends == ["run1", "run0"]


def weights_of(folder):
    return read_weights(folder / "last.safetensors").tensors


@pytest.mark.parametrize("looked_at", ["run0", "run1", "run2"])
def test_what_is_broken_off_goes_on_in_other_company_bit_for_bit(tmp_path, looked_at):
    runs = some(3, model__norm__kind="batch", model__dropout__kind="dropout")
    list(run(runs[1], device="cpu", run_id="run1", folder=tmp_path / "whole", num_threads=1))
    requests = [
        Request(each, run_id=f"run{place}", folder=tmp_path / str(place)) for place, each in enumerate(runs)
    ]
    events = run_cohort(requests, device="cpu", num_threads=1)
    for event in events:
        if event.event == "measured" and event.run == looked_at:
            break
    events.close()
    again = Request(runs[1], run_id="run1", folder=tmp_path / "1", resume=True)
    rest = list(run_cohort([again, Request(some(9)[8], run_id="other")], device="cpu", num_threads=1))
    assert rest[-1].event == "run_finished"
    whole, resumed = weights_of(tmp_path / "whole"), weights_of(tmp_path / "1")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    expected = by_itself(runs[1], "run1")
    assert lasting(rest, "run1")[-1] == expected[-1]


def test_memory_that_runs_out_ends_every_run_of_the_step_and_none_beside_it(monkeypatch):
    def explode(self, xs, ys):
        raise RuntimeError("[enforce fail] can't allocate memory")

    monkeypatch.setattr("normlab.stacked.net.Stack.gradient", explode)
    cnn = change(Experiment(), {"model.kind": "cnn", "model.channels": [4], "training.epochs": 1})
    events = in_cohort([*some(2), cnn])
    ends = {e.run: e.outcome for e in events if e.event == "run_finished"}
    assert ends == {"run0": "oom", "run1": "oom", "run2": "completed"}


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_an_error_of_one_run_leaves_the_others_where_they_can_go_on(tmp_path, monkeypatch, broken):
    runs, take_in = some(3), Session._take_in

    def fail(self, metrics):
        if self.id == f"run{broken}":
            raise ValueError("broken")
        take_in(self, metrics)

    requests = [Request(each, run_id=f"run{p}", folder=tmp_path / str(p)) for p, each in enumerate(runs)]
    with monkeypatch.context() as patched:
        patched.setattr(Session, "_take_in", fail)
        with pytest.raises(ValueError, match="broken"):
            list(run_cohort(requests, device="cpu", num_threads=1))
    assert not (tmp_path / str(broken) / "state.safetensors").exists()
    for place in {0, 1, 2} - {broken}:
        again = run(
            runs[place], device="cpu", run_id=f"run{place}", folder=tmp_path / str(place), resume=True
        )
        assert lasting(again, f"run{place}")[-1] == by_itself(runs[place], f"run{place}")[-1]


def test_memory_that_runs_out_ends_a_probed_run_too(monkeypatch):
    def explode(self, xs, ys):
        raise RuntimeError("[enforce fail] can't allocate memory")

    monkeypatch.setattr("normlab.stacked.net.Stack.gradient", explode)
    events = in_cohort(some(2), probe=True)
    assert {e.outcome for e in events if e.event == "run_finished"} == {"oom"}


def test_a_held_run_that_is_stopped_takes_no_other_step():
    control = Control()
    requests = [Request(some(1)[0], run_id="run0", control=control), Request(some(2)[1], run_id="run1")]
    events = []
    for event in run_cohort(requests, device="cpu", num_threads=1):
        events.append(event)
        if event.event == "measured" and event.run == "run0":
            control.paused = True
        if event.event == "run_finished" and event.run == "run1":
            control.stop()
    end = next(e for e in events if e.event == "run_finished" and e.run == "run0")
    assert (end.outcome, end.last.epoch) == ("stopped", 1)
    assert events[-1] == end


def test_what_cannot_share_a_cohort_is_refused():
    one, other = experiment(), experiment(training__deterministic=True)
    with pytest.raises(ConfigError, match="train them apart"):
        run_cohort([Request(one), Request(other)], device="cpu")
    with pytest.raises(ConfigError, match="asked for twice"):
        run_cohort([Request(one, run_id="same"), Request(one, run_id="same")], device="cpu")


def test_an_error_within_a_step_leaves_no_state_that_could_be_resumed(monkeypatch, tmp_path):
    monkeypatch.setattr("normlab.stacked.net.Stack.gradient", lambda *_: 1 / 0)
    requests = [Request(each, run_id=f"run{p}", folder=tmp_path / str(p)) for p, each in enumerate(some(2))]
    with pytest.raises(ZeroDivisionError):
        list(run_cohort(requests, device="cpu", num_threads=1))
    assert not list(tmp_path.glob("*/state.safetensors"))


def test_the_seconds_of_runs_are_their_shares_of_the_time():
    began = time.perf_counter()
    events = in_cohort(some(6))
    took = time.perf_counter() - began
    seconds = [e.seconds for e in events if e.event == "run_finished"]
    assert len(seconds) == 6
    assert 0 < sum(seconds) <= took


def test_all_runs_are_created_before_any_loads_its_data_and_one_that_is_ended_then_loads_none(monkeypatch):
    loads, loaded = Session._steps, []

    def steps(session):
        loaded.append(session.id)
        return loads(session)

    monkeypatch.setattr(Session, "_steps", steps)
    wanted = [Request(each, run_id=f"run{each.seed}", control=Control()) for each in some(3)]
    events = run_cohort(wanted, device="cpu", num_threads=1)
    created = [next(events) for _ in wanted]
    assert [(event.event, event.run) for event in created] == [
        ("run_created", "run0"), ("run_created", "run1"), ("run_created", "run2"),
    ]  # fmt: skip
    assert not loaded
    wanted[1].control.interrupt("its slot is taken")
    rest = list(events)
    assert [event.event for event in rest if event.run == "run1"] == ["run_finished"]
    assert {event.run for event in rest if event.event == "run_started"} == {"run0", "run2"}


def test_an_empty_cohort_tells_nothing():
    assert list(run_cohort([], device="cpu")) == []


def test_kin_differ_in_what_the_step_does_not_share():
    base = experiment()
    assert len({kin(each) for each in some(8)}) == 1
    for name, value in {
        "model.hidden": [17, 8],
        "training.batch_size": 16,
        "training.epochs": 4,
        "model.norm.kind": "batch",
        "loss.label_smoothing": 0.1,
        "dataset.samples": 160,
        "model.activation.kind": "tanh",
    }.items():
        assert kin(change(base, {name: value})) != kin(base), name
    assert cohort_size(base) > 1


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"model.kind": "cnn", "dataset.kind": "digits"}, "Conv2d"),
        ({"training.precision": "bfloat16"}, "autocast"),
        ({"training.compile": True}, "compiled"),
        ({"optimizer.kind": "lbfgs"}, "several times"),
        ({"model.parametrization.kind": "weight_norm"}, "parametrized"),
    ],
)
def test_what_is_trained_alone_says_why(settings, reason):
    wanted = change(Experiment(), settings)
    assert reason in alone(wanted)
    assert cohort_size(wanted) == 1
    assert alone(experiment()) is None


@pytest.fixture
def doubles():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("settings", MLPS[:-2], ids=lambda each: ",".join(map(str, each.values())))
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_ten_epochs_equal_those_of_plain_torch_modules(settings, kind, doubles):
    """In float64, to nine digits: what is left is the order of sums.

    Without biases, whose gradient in front of a batch norm is nothing but rounding, which Adam blows up.
    """
    given = {"optimizer__kind": kind, "optimizer__lr": 0.01, "model__bias": False, **settings}
    wanted = experiment(**given, training__epochs=10)
    single = load(wanted, places.data(), CPU)
    parts = (single.train_x, single.train_y, single.val_x, single.val_y)
    data = Data(*(part.double() if part.is_floating_point() else part for part in parts))
    trainer = Trainer(wanted, data, places.data(), CPU, Stopwatch())
    module = copy.deepcopy(trainer.module)
    plain = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[kind](module.parameters(), lr=0.01)
    taker, step = Taker(), 0
    for epoch in range(1, 11):
        for x, y in trainer.epoch(epoch):
            turn = Turn(trainer, Stopwatch(), step, x, y, measures=step == 39)
            taker.take([turn])
            step += 1
            module.train()
            plain.zero_grad()
            loss = trainer.criterion(module(x), y)
            loss.backward()
            plain.step()
    assert turn.metrics, "the last step was measured"
    for ours, theirs in zip(trainer.module.state_dict().values(), module.state_dict().values(), strict=True):
        assert torch.allclose(ours, theirs.to(ours.dtype), rtol=1e-9, atol=1e-12)
    module.eval()
    with torch.no_grad():
        val_loss = float(trainer.criterion(module(data.val_x), data.val_y))
    assert math.isclose(turn.metrics["val_loss"], val_loss, rel_tol=1e-6)
