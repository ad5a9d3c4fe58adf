"""Runs as TensorBoard event files."""

from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from normlab.engine.events import Point
from normlab.exports.exhibit import Exhibit, by_arm, literal, side_by_side
from normlab.exports.settings import flat_settings
from normlab.views.comparison_text import to_markdown


def fill_tensorboard(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write a folder per run: every metric over steps, settings as hyperparameters, and a summary as text.

    Points carry the time at which they were measured. The same runs give the same bytes.
    """
    from tensorboard.summary.writer.record_writer import RecordWriter

    for exhibit in exhibits:
        place = folder / exhibit.run.id
        place.mkdir()
        # Not by torch's SummaryWriter: its name for the file tells this machine's, and its thread keeps a
        # full disk to itself.
        with (place / f"events.out.tfevents.{exhibit.run.created:.0f}.normlab").open("wb") as file:
            writer = RecordWriter(file)
            for event in _events(exhibit):
                writer.write(event.SerializeToString())


def _events(exhibit: Exhibit) -> Iterator[Any]:
    from torch.utils.tensorboard.summary import hparams, scalar, text

    made: Any = import_module("tensorboard.compat.proto.event_pb2").Event
    run, history = exhibit.run, exhibit.history
    best = history.best or Point(epoch=0, step=0, metrics={})
    judged = {f"best/{name}": value for name, value in best.metrics.items()}

    def at(point: Point) -> float:
        return run.created + point.metrics.get("seconds", 0.0)

    yield made(wall_time=run.created, file_version="brain.Event:2")
    table = to_markdown(side_by_side(by_arm([exhibit]), all_settings=True))
    for summary in (text("summary", table), *hparams(flat_settings(history.experiment), judged)):
        yield made(wall_time=run.created, summary=summary)
    if run.note:
        yield made(wall_time=run.created, summary=text("note", literal(run.note)))
    for name, value in judged.items():
        yield made(wall_time=at(best), step=best.step, summary=scalar(name, value))
    for point in history.points:
        for name, value in point.metrics.items():
            yield made(wall_time=at(point), step=point.step, summary=scalar(name, value))
