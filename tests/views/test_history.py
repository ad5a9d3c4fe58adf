import math

import pytest

from normlab.engine.events import (
    Held,
    Measured,
    Probed,
    ProbeSamples,
    Progress,
    RunFinished,
    RunStarted,
    Warned,
    WeightsLoaded,
)
from normlab.engine.loop import run
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.views.history import History

TINY = {
    "dataset.kind": "circles",
    "dataset.samples": 120,
    "model.hidden": [8],
    "training.epochs": 4,
    "training.batch_size": 16,
}


def lived(settings=None):
    """A run's events, and what they fold into."""
    experiment = change(Experiment(), {**TINY, **(settings or {})})
    history, events = History("arm", experiment), list(run(experiment, device="cpu"))
    for event in events:
        history.fold(event)
    return history, events


def only(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_a_stream_folds_into_what_it_tells():
    history, events = lived({"optimizer.lr": 0.05, "training.early_stopping.patience": 50})
    (started,), (end,) = only(RunStarted, events), only(RunFinished, events)
    assert (history.num_parameters, history.num_steps) == (started.num_parameters, 24)
    assert (history.epoch, history.step, history.seconds_left) == (4, 24, 0.0)
    assert (history.outcome, history.reason, history.seconds) == ("completed", None, end.seconds)
    assert (history.best, history.last) == (end.best, end.last)
    assert [point.metrics for point in history.points] == [e.metrics for e in only(Measured, events)]
    assert history.points[-1] == history.last


def test_curves_are_the_measured_values_over_epochs():
    history, events = lived()
    values = [event.metrics["val_loss"] for event in only(Measured, events)]
    assert history.curve("val_loss") == ([1, 2, 3, 4], values)
    assert history.curve("val_rmse") == ([], [])


def test_curves_are_over_steps_where_training_is_counted_in_them():
    history, _ = lived({"training.steps": 10, "training.evaluate_every": 4})
    assert history.unit == "step"
    assert history.curve("train_loss")[0] == [4, 8, 10]
    assert history.curve("lr")[1] == [0.001] * 3


def test_a_metric_that_was_measured_only_sometimes_keeps_its_places():
    history = History("", Experiment())
    for epoch, metrics in enumerate(({"a": 1.0}, {}, {"a": 3.0}), 1):
        history.fold(Measured(run="r", epoch=epoch, step=epoch, metrics={"seconds": 1.0, **metrics}))
    assert history.curve("a") == ([1, 3], [1.0, 3.0])


def test_a_run_that_diverged_shows():
    line = {"dataset.kind": "noisy_line", "dataset.samples": 10, "loss.kind": "mse", "training.epochs": 50}
    wild = {"model.activation.kind": "none", "optimizer.kind": "sgd", "optimizer.lr": 100.0}
    history, events = lived({**line, **wild})
    assert history.outcome == "diverged"
    assert history.reason == only(RunFinished, events)[0].reason
    last = history.points[-1].metrics
    assert not all(math.isfinite(last[name]) for name in ("train_loss", "val_loss"))
    assert len(history.points) < 50


def test_the_time_left_follows_the_steps_done():
    history = History("", Experiment(), num_steps=100)
    assert history.seconds_left is None
    history.fold(Progress(run="r", epoch=2, step=25, seconds=3.0))
    assert (history.epoch, history.step, history.seconds) == (2, 25, 3.0)
    assert history.seconds_left == pytest.approx(9.0)
    assert history.points == []


def test_warnings_are_kept():
    history = History("", Experiment())
    history.fold(Warned(run="r", message="odd"))
    assert history == History("", Experiment(), warnings=["odd"])


def test_the_best_evaluation_is_known_while_the_run_goes_on():
    history = History("", Experiment())
    for epoch, loss in enumerate((0.5, 0.2, math.nan, 0.3), 1):
        metrics = {"val_loss": loss, "seconds": 1.0}
        history.fold(Measured(run="r", epoch=epoch, step=epoch, metrics=metrics))
    assert history.best.epoch == 2
    assert history.last.epoch == 4


def test_a_curve_runs_over_epochs_steps_or_seconds():
    history = History("", Experiment())
    for epoch in (1, 2):
        metrics = {"val_loss": 0.5, "seconds": epoch / 4}
        history.fold(Measured(run="r", epoch=epoch, step=10 * epoch, metrics=metrics))
    assert history.curve("val_loss", "step")[0] == [10, 20]
    assert history.curve("val_loss", "seconds")[0] == [0.25, 0.5]


def test_the_samples_of_the_first_picture_are_kept():
    history, samples = History("", Experiment()), ProbeSamples(train=((1.0, 2.0),), val=())
    for step, told in ((1, samples), (2, None)):
        picture = Probed(
            run="r", epoch=1, step=step, low=(0.0,), high=(1.0,), sizes=(1,), answers=(0.5,),
            num_classes=None, samples=told,
        )  # fmt: skip
        history.fold(picture)
        assert (history.probed, history.samples) == (picture, samples)


def test_a_point_shows_only_once_its_rank_is_known():
    seen = []

    class Points(list):
        def append(self, point):
            seen.append((history.best, history.last) == (point, point))
            super().append(point)

    history = History("", Experiment(), points=Points())
    history.fold(Measured(run="r", epoch=1, step=1, metrics={"val_loss": 0.5, "seconds": 1.0}))
    assert seen == [True]


def started(resumed_at=0):
    return RunStarted(
        run="r", arm="a", seed=0, experiment=Experiment(), device="cpu", num_threads=1, num_parameters=1,
        num_train=1, num_val=1, steps_per_epoch=10, num_steps=100, resumed_at=resumed_at,
    )  # fmt: skip


def measured(step, loss):
    return Measured(run="r", epoch=step // 10, step=step, metrics={"val_loss": loss, "seconds": step / 10})


def test_a_resumed_run_goes_on_from_where_its_state_was_kept():
    history = History("", Experiment())
    for event in (started(), *(measured(10 * n, loss) for n, loss in enumerate((0.5, 0.4, 0.1), 1))):
        history.fold(event)
    history.fold(RunFinished(run="r", outcome="interrupted", reason="a signal", seconds=3.0))
    history.fold(started(resumed_at=20))
    assert (history.outcome, history.reason) == (None, None)
    assert [point.step for point in history.points] == [10, 20]
    assert (history.best.step, history.last.step) == (20, 20)  # the third will be measured anew
    history.fold(measured(30, 0.2))
    assert (history.best.step, len(history.points)) == (30, 3)


def test_a_run_that_begins_anew_forgets_all_it_had():
    history = History("", Experiment())
    for event in (started(), measured(10, 0.5), started()):
        history.fold(event)
    assert (history.points, history.best, history.last) == ([], None, None)


def test_a_run_is_held_until_the_next_thing_happens():
    history = History("", Experiment())
    history.fold(Held(run="r", reason="no space left on its disk"))
    assert history.held == "no space left on its disk"
    history.fold(Progress(run="r", epoch=1, step=1, seconds=0.1))
    assert history.held is None


def test_where_the_first_weights_came_from_is_known():
    history = History("", Experiment())
    loaded = WeightsLoaded(run="r", origin="abc:best", matched=4, left_as_drawn=(), unused=(), other_shape=())
    history.fold(loaded)
    assert history.loaded == loaded
