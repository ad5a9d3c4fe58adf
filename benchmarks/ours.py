"""Our engine: runs alone, and runs together in a cohort."""

import time
from itertools import count

from normlab import change, run

SEEDS = count()
"""A new seed for each run, as the others draw anew each time."""


def alone(work):
    """From the start of training to the last measurement, in CPU seconds; and the last metrics."""
    return trained(run(seeded(work), device="cpu", num_threads=1))


def in_cohorts_of(size):
    """Make what trains a work with `size` seeds together, and gives its share of the seconds of each."""

    def together(work):
        from normlab.engine.loop import run_cohort
        from normlab.engine.request import Request

        requests = [Request(seeded(work)) for _ in range(size)]
        seconds, metrics = trained(run_cohort(requests, device="cpu", num_threads=1))
        return seconds / size, metrics

    return together


def seeded(work):
    return change(work.experiment, {"seed": next(SEEDS)})


def trained(events):
    """Time from the last run's start to the last measurement."""
    began = ended = 0.0
    metrics = {}
    for event in events:
        if event.event == "run_started":
            began = time.process_time()
        elif event.event == "measured":
            ended, metrics = time.process_time(), event.metrics
    return ended - began, metrics
