"""kill -9 at any moment loses nothing that was told, and a killed run goes on as if nothing had been."""

import hashlib
import random

import pytest
from support.children import Child
from support.runs import experiment as tiny

from normlab.engine.loop import run
from normlab.lab.settings import change
from normlab.store.find import find_run, find_runs
from normlab.store.record import record
from normlab.store.replay import replay

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")]

KINDS = [
    {"model.norm.kind": "batch", "model.dropout.kind": "dropout", "model.dropout.p": 0.3},
    {
        "model.norm.kind": "ghost_batch",
        "model.norm.ghost_size": 4,
        "optimizer.kind": "sgd",
        "optimizer.momentum": 0.9,
    },
    {"schedule.kind": "plateau", "schedule.patience": 0, "optimizer.kind": "nadam"},
    {"schedule.kind": "one_cycle", "optimizer.kind": "muon", "model.hidden": [16, 16]},
    {"training.batch_size": "full", "optimizer.kind": "lbfgs"},
]
EPOCHS = 40


def train(home, settings, name, say, resume=False):
    """Train a run with a checkpoint every other epoch, and say each epoch that was told."""
    from normlab.store.store import Store

    store = Store(home)
    experiment = change(tiny({"training.epochs": EPOCHS}), settings)
    events = run(
        experiment, device="cpu", run_id=name, folder=store.runs / name, checkpoint_every=2, resume=resume
    )
    say("start")
    for event in record(events, store):
        if event.event == "measured":
            say(event.epoch)
    store.close()


def warm_up():
    """Import what children then have: torch imports much at its first optimizer."""
    list(run(tiny({"training.epochs": 1}), device="cpu"))


def moment(draw):
    """Draw when a run is killed: so long after it has told that many epochs, whatever the machine's speed."""
    return draw.uniform(0, 0.01), draw.randint(0, EPOCHS)


def test_nothing_that_was_told_is_lost_and_the_next_start_is_quick(home, opened, times):
    draw, kills, slowest, lost, seen = random.Random(0), times(15, 1000), 0.0, 0, 0
    warm_up()
    for number in range(kills):
        name = f"k{number:05d}"
        child = Child(lambda say, name=name: train(home, KINDS[0], name, say))
        told = [int(line) for line in child.kill_after(*moment(draw)) if line != "start"]
        with opened() as store:
            slowest = max(slowest, store.seconds)
            if not told:
                continue
            seen += len(told)
            kept = find_run(store, name)
            measured = {event.epoch for event in replay(name, store) if event.event == "measured"}
            lost += len(set(told) - measured)
            assert kept.outcome in ("interrupted", "completed")
            assert kept.last.epoch >= told[-1]
    with opened() as store:
        with store.read() as connection:
            assert connection.execute("PRAGMA integrity_check").get == "ok"
        outcomes = [kept.outcome for kept in find_runs(store, limit=2 * kills).runs]
    print(f"{kills} kills: {lost} of {seen:,} told epochs lost, slowest start {slowest:.3f} s, {outcomes.count('interrupted')} "
          f"interrupted, {outcomes.count('completed')} completed")  # fmt: skip
    assert seen > kills
    assert outcomes.count("interrupted") > kills // 2
    assert lost == 0
    assert slowest < 2


def trace(store, name):
    """Give all that a run measured, times apart, and the hash of its weights."""
    measured = [
        {k: v for k, v in event.metrics.items() if k not in ("seconds", "samples_per_second")}
        | {"epoch": event.epoch}
        for event in replay(name, store)
        if event.event == "measured"
    ]
    return {**{f"epoch {point['epoch']}": repr(point) for point in measured}, **weights(store, name)}


def weights(store, name):
    from safetensors.numpy import load_file

    return {
        f"{which} {key}": hashlib.sha256(value.tobytes()).hexdigest()
        for which in ("best", "last")
        for key, value in load_file(store.runs / name / f"{which}.safetensors").items()
    }


def test_killed_and_resumed_runs_equal_uninterrupted_ones_bit_for_bit(home, opened, times):
    draw, runs, kills = random.Random(1), times(5, 100), 0
    warm_up()
    for number in range(runs):
        settings = KINDS[number % len(KINDS)] | {"seed": number}
        whole, name = f"w{number:05d}", f"c{number:05d}"
        Child(lambda say, s=settings, n=whole: train(home, s, n, say)).end()
        for attempt in range(4):
            child = Child(lambda say, s=settings, n=name, a=attempt: train(home, s, n, say, resume=a > 0))
            child.kill_after(*moment(draw))
            with opened() as store:
                found = find_runs(store, f"id={name}").runs
                if found and found[0].outcome == "completed":
                    break
            kills += 1
        else:
            Child(lambda say, s=settings, n=name: train(home, s, n, say, resume=True)).end()
        with opened() as store:
            assert find_run(store, name).outcome == "completed"
            ours, theirs = trace(store, name), trace(store, whole)
            wrong = {key: (ours.get(key), theirs[key]) for key in theirs if ours.get(key) != theirs[key]}
            assert not wrong, (settings, next(iter(wrong.items())))
    assert kills >= runs // 2
    print(f"{runs} runs, {kills} kills: each equals its uninterrupted twin bit for bit")
