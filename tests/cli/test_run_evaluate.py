"""Kept weights are measured again, on the run's data or on that of a changed experiment."""

import json
import re

import pytest
from support.runs import TINY

from normlab.engine.loop import run
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change
from normlab.store.find import find_run
from normlab.store.record import record
from normlab.store.store import open_store


@pytest.fixture
def trained():
    """The id of a run that has trained."""
    store = open_store()
    experiment = change(Experiment(), {"dataset.kind": "circles", **TINY})
    list(record(run(experiment, device="cpu", run_id="aaaaaa", folder=store.runs / "aaaaaa"), store))
    yield "aaaaaa"
    open_store().close()


@pytest.mark.slow
def test_the_last_weights_give_the_last_metrics_again(say, trained):
    found = json.loads(say("runs", "evaluate", "aaa:last", "--json").out)
    last = find_run(open_store(), trained).last
    assert found["weights"] == "aaaaaa:last"
    assert found["metrics"]["val_loss"] == pytest.approx(last.metrics["val_loss"], rel=1e-6)


@pytest.mark.slow
def test_what_of_a_changed_model_has_no_weights_is_told(say, trained):
    said = say("runs", "evaluate", "aaa", "--csv", "--set", "model.norm.kind=batch")
    assert said.out.startswith("metric,value\n")
    assert re.search(r"^warning: aaaaaa:best: lacks \d+ of the model's tensors", said.err, re.MULTILINE)
