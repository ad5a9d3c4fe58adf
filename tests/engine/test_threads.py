"""The number of threads that a run has."""

import pytest
import torch
from support.runs import experiment, spy

from normlab.engine.loop import run


@pytest.fixture
def threads(monkeypatch):
    """Give the number that a run tells, and the one that torch has while it computes."""
    seen = []
    spy(monkeypatch, lambda _: seen.append(torch.get_num_threads()))

    def found(settings=None, **how):
        seen.clear()
        events = run(experiment(settings), device="cpu", **how)
        told = [event.num_threads for event in events if event.event == "run_started"]
        return told[0], set(seen)

    return found


def test_a_run_has_the_threads_that_are_asked_for_and_torch_its_own_again(threads):
    before = torch.get_num_threads()
    assert threads(num_threads=2) == (2, {2})
    assert threads(num_threads=1) == (1, {1})
    assert threads() == (1, {1}), "a net as small as this is quickest with one"
    assert torch.get_num_threads() == before
