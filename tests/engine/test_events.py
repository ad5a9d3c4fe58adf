import json
import math

import pytest
from pydantic import ValidationError

from normlab.engine.events import (
    CheckpointSaved,
    Held,
    Measured,
    Preparing,
    Probed,
    ProbeSamples,
    Progress,
    RunFinished,
    RunStarted,
    Warned,
    WeightsLoaded,
    read_event,
)
from normlab.lab.experiment import Experiment

EVENTS = [
    Preparing(run="a", what="x.gz", done_bytes=1, total_bytes=None),
    RunStarted(
        run="a", arm="baseline", seed=0, experiment=Experiment(), device="cpu", num_threads=1,
        num_parameters=1, num_train=2, num_val=3, steps_per_epoch=4, num_steps=5,
    ),
    Progress(run="a", epoch=1, step=2, seconds=0.5),
    Measured(run="a", epoch=1, step=2, metrics={"train_loss": math.nan, "val_loss": -math.inf, "lr": 0.1}),
    Warned(run="a", message="odd"),
    RunFinished(run="a", outcome="diverged", reason="val_loss is nan", seconds=1.0),
    Probed(
        run="a", epoch=1, step=2, low=(-1.0,), high=(1.0,), sizes=(3,), answers=(0.5, math.nan, -math.inf),
        num_classes=None,
    ),
    Probed(
        run="a", epoch=1, step=2, low=(-1.0,), high=(1.0,), sizes=(1,), answers=(1.0,), num_classes=2,
        samples=ProbeSamples(train=((0.1, math.inf),), val=()),
    ),
    WeightsLoaded(
        run="a", origin="b:best", matched=2, left_as_drawn=("head.bias",), unused=(), other_shape=("head.weight",)
    ),
    Held(run="a", reason="no space"),
    CheckpointSaved(run="a", name="state", path="/x/state.safetensors", sha256="0" * 64, epoch=1, step=2),
]  # fmt: skip


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_events_go_through_json_both_ways(event):
    line = event.model_dump_json()
    json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    again = read_event(line)
    assert type(again) is type(event)
    assert again.model_dump_json() == line


def test_a_start_from_before_the_library_was_told_is_read():
    kept = json.loads(EVENTS[1].model_dump_json())
    del kept["library"]
    assert read_event(json.dumps(kept)).library is None


def test_numbers_that_are_not_finite_are_strings_in_json():
    metrics = json.loads(EVENTS[3].model_dump_json())["metrics"]
    assert metrics == {"train_loss": "nan", "val_loss": "-inf", "lr": 0.1}


def test_events_are_frozen():
    with pytest.raises(ValidationError):
        EVENTS[4].message = "other"
