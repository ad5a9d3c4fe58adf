"""Runs trained in this process: the worker's own, or the study's where nothing runs beside it."""

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING

from normlab.engine.control import Control
from normlab.engine.events import Event
from normlab.scale.messages import Train

if TYPE_CHECKING:
    from normlab.engine.weights import StartWeights


def train_here(
    wanted: Train, controls: Mapping[str, Control], weights: "StartWeights | None"
) -> Generator[Event]:
    """Train what is wanted, with one torch thread. Raises: as `engine.loop.run_cohort` does."""
    from normlab.engine.loop import run_cohort
    from normlab.engine.request import Request

    requests = [
        Request(
            experiment=run.experiment,
            arm=run.arm,
            control=controls[run.id],
            folder=run.folder,
            run_id=run.id,
            weights=weights,
            resume=run.resume,
            checkpoint_every=wanted.checkpoint_every,
            time_limit_seconds=wanted.time_limit_seconds,
        )
        for run in wanted.runs
    ]
    return run_cohort(requests, device=wanted.device, num_threads=1)
