"""A request trained in this process: the worker's own, or the study's where nothing runs beside it."""

from collections.abc import Generator
from typing import TYPE_CHECKING

from normlab.engine.control import Control
from normlab.engine.events import Event
from normlab.scale.messages import Train

if TYPE_CHECKING:
    from normlab.engine.weights import StartWeights


def train_here(request: Train, control: Control, weights: "StartWeights | None") -> Generator[Event]:
    """Train what is asked for, with one torch thread. Raises: as `engine.loop.run` does."""
    from normlab.engine.loop import run

    return run(
        request.experiment,
        device=request.device,
        arm=request.arm,
        control=control,
        folder=request.folder,
        run_id=request.run,
        weights=weights,
        resume=request.resume,
        checkpoint_every=request.checkpoint_every,
        time_limit_seconds=request.time_limit_seconds,
        num_threads=1,
    )
