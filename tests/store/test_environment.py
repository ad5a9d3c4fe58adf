"""What the store says that a run ran with."""

import pytest
from support.runs import experiment

from normlab.engine.events import RunStarted
from normlab.engine.loop import run
from normlab.stacked import kept_library
from normlab.store.environment import environment
from normlab.store.find import find_run
from normlab.store.record import record


@pytest.mark.parametrize("library", ["blas", "onednn"])
def test_a_run_s_library_for_products_is_its_own_whatever_the_file_says_by_then(store, library, monkeypatch):
    monkeypatch.setattr("normlab.engine.loop.choose_library", lambda: library)
    kept_library.keep("onednn" if library == "blas" else "blas")
    for event in record(run(experiment(), device="cpu", run_id="aaaaaa"), store):
        if isinstance(event, RunStarted):
            assert event.library == library
    assert find_run(store, "aaaaaa").environment["products"] == library


def test_where_no_library_is_chosen_none_is_told():
    assert "products" not in environment("cpu", None)
