"""The number of threads that a run has."""

import torch
from support.runs import experiment

from normlab.engine.loop import run


def threads(settings=None, **how):
    """Give the number that a run tells, and the one that torch has while it computes."""
    seen = []
    events = run(experiment(settings), device="cpu", **how)
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda *_: seen.append(torch.get_num_threads())
    )
    try:
        told = [event.num_threads for event in events if event.event == "run_started"]
    finally:
        hook.remove()
    return told[0], set(seen)


def test_a_run_has_the_threads_that_are_asked_for_and_torch_its_own_again():
    before = torch.get_num_threads()
    assert threads(num_threads=2) == (2, {2})
    assert threads(num_threads=1) == (1, {1})
    assert threads() == (1, {1}), "a net as small as this is quickest with one"
    assert torch.get_num_threads() == before
