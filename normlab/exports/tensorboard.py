"""Runs as TensorBoard event files."""

from collections.abc import Sequence
from pathlib import Path

from normlab.engine.events import Point
from normlab.exports.exhibit import Exhibit, prose, side_by_side
from normlab.exports.settings import flat_settings
from normlab.views.comparison_text import to_markdown


def fill_tensorboard(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write a folder per run: every metric over steps, settings as hyperparameters, and a summary as text.

    Points carry the time at which they were measured.
    """
    from torch.utils.tensorboard.summary import hparams
    from torch.utils.tensorboard.writer import FileWriter, SummaryWriter

    for exhibit in exhibits:
        run, history = exhibit.run, exhibit.history
        best = history.best or Point(epoch=0, step=0, metrics={})
        judged = {f"best/{name}": value for name, value in best.metrics.items()}
        place = str(folder / run.id)
        with SummaryWriter(place) as writer:
            writer.add_text("summary", to_markdown(side_by_side([exhibit], all_settings=True)))
            if run.note:
                writer.add_text("note", _literal(run.note))
            for name, value in judged.items():
                writer.add_scalar(name, value, best.step)
            for point in history.points:
                when = run.created + point.metrics.get("seconds", 0.0)
                for name, value in point.metrics.items():
                    writer.add_scalar(name, value, point.step, walltime=when)
            file = writer.file_writer
            assert isinstance(file, FileWriter)
            for summary in hparams(flat_settings(history.experiment), judged):
                file.add_summary(summary)


def _literal(text: str) -> str:
    """Write text as Markdown that shows it as it is."""
    return "\n".join(f"    {line}" for line in prose(text).splitlines())
