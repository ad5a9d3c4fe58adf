"""How many runs may train at the same time."""

import os

from normlab.core.errors import ConfigError, Problem
from normlab.core.memory import physical_memory_bytes, show_bytes

WORKER_BYTES = 500 * 2**20
"""Memory that a worker process takes, with torch and a small model."""


def num_cpus() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def max_jobs() -> int:
    """Give the number of worker processes beyond which nothing is won: one a processor, where they fit."""
    return max(1, min(num_cpus(), _fitting()))


def check_jobs(jobs: int) -> None:
    """See that so many worker processes fit.

    More than there are processors are let pass: they are slower, and nothing worse.

    Raises: ConfigError.
    """
    if jobs < 1:
        raise ConfigError(Problem("--jobs", "must be at least 1", f"try {max_jobs()}", jobs))
    if jobs > max(1, _fitting()):
        memory = show_bytes(physical_memory_bytes())
        rule = f"is more than {memory} of memory hold, at about {show_bytes(WORKER_BYTES)} each"
        raise ConfigError(Problem("--jobs", rule, f"use {max_jobs()} or fewer", jobs))


def _fitting() -> int:
    return physical_memory_bytes() // WORKER_BYTES
