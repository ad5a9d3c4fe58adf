"""The formats that runs can be exported to, and the one way to export."""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from normlab.core.errors import NormlabError, Problem
from normlab.core.files import write_atomically
from normlab.core.parsing import nearest
from normlab.core.text import visible
from normlab.exports.document import write_json
from normlab.exports.exhibit import Exhibit
from normlab.exports.figures import write_png, write_svg
from normlab.exports.long import write_csv, write_parquet
from normlab.exports.markdown import write_markdown
from normlab.exports.mlflow import fill_mlflow
from normlab.exports.model_card import fill_model_folder
from normlab.exports.onnx import write_onnx
from normlab.exports.page import write_html
from normlab.exports.tensorboard import fill_tensorboard
from normlab.exports.torch_export import write_torch_export
from normlab.exports.wandb import fill_wandb


class ExportError(NormlabError):
    """Runs can't be written there, or not in that format."""


@dataclass(frozen=True)
class Format:
    """What runs are written as: a file that `render` gives, or a folder that `fill` fills."""

    help: str
    suffix: str = ""
    """Ending of the file's name; a folder has none."""
    render: Callable[[Sequence[Exhibit]], bytes] | None = None
    fill: Callable[[Sequence[Exhibit], Path], None] | None = None
    one_run: bool = False
    """True where each run is written by itself."""
    extra: str | None = None
    """Of normlab, that brings the packages."""
    packages: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether a package that it needs isn't installed."""
        return any(find_spec(package) is None for package in self.packages)


FORMATS: dict[str, Format] = {
    "csv": Format("every measured number in a row of its own", ".csv", write_csv),
    "parquet": Format("the same rows as Parquet", ".parquet", write_parquet),
    "json": Format("everything: settings, environment and points", ".json", write_json),
    "markdown": Format("settings that differ and results, side by side", ".md", write_markdown),
    "html": Format(
        "one page with curves, tables and notes", ".html", write_html, extra="plots", packages=("matplotlib",)
    ),
    "png": Format("curves as a picture", ".png", write_png, extra="plots", packages=("matplotlib",)),
    "svg": Format("curves as a drawing", ".svg", write_svg, extra="plots", packages=("matplotlib",)),
    "tensorboard": Format(
        "event files for TensorBoard, a folder per run",
        fill=fill_tensorboard,
        extra="tensorboard",
        packages=("tensorboard",),
    ),
    "mlflow": Format(
        "an MLflow store in SQLite",
        fill=fill_mlflow,
        extra="mlflow",
        packages=("mlflow", "sqlalchemy", "alembic"),
    ),
    "wandb": Format(
        "offline runs for Weights & Biases, to look at or to sync",
        fill=fill_wandb,
        extra="wandb",
        packages=("wandb",),
    ),
    "safetensors": Format("best weights with a model card", fill=fill_model_folder, one_run=True),
    "onnx": Format(
        "best model as an ONNX graph that takes unscaled samples",
        ".onnx",
        write_onnx,
        one_run=True,
        extra="onnx",
        packages=("onnx", "onnxscript"),
    ),
    "torch_export": Format(
        "best model as a torch.export program that takes unscaled samples",
        ".pt2",
        write_torch_export,
        one_run=True,
    ),
}
"""By the name that people type."""

# Environment, warnings and matplotlib's settings are the process's.
_ONE_AT_A_TIME = Lock()


def default_target(exhibits: Sequence[Exhibit], format: str) -> Path:
    """Name the file or folder that an export goes to where nobody says."""
    name = exhibits[0].run.id if len(exhibits) == 1 else "runs"
    known = _known(format)
    return Path(f"{name}-{format}" if _is_folder(known, exhibits) else f"{name}{known.suffix}")


def export(exhibits: Sequence[Exhibit], format: str, target: Path, overwrite: bool = False) -> list[Path]:
    """Write runs in a format, and give the files or folders that hold them.

    `target` is the file; or the folder, which may hold other things, where the format is one, or takes each
    run by itself and there are several: they are named by the runs' ids then. What is there already is
    replaced only with `overwrite`, and stays as it was where the export fails.

    Several threads wait for each other.

    Raises: ExportError for what can't be written or stands there already, an unknown format, or one whose
    packages aren't installed; CheckpointError where weights can't be read, or are another run's; DataError
    where a graph needs data that can't be read.
    """
    known = _known(format)
    if known.missing:
        remedy = f"pip install 'normlab[{known.extra}]'"
        raise ExportError(Problem("--to", "needs packages that aren't installed", remedy, format))
    if odd := [each.run.id for each in exhibits if not re.fullmatch(r"[\w-]{1,80}", each.run.id, re.ASCII)]:
        raise ExportError(Problem("run", "can't name a file", "import it under another id", odd[0]))
    if not exhibits:
        raise ExportError(Problem("export", "has no run to write", "name one or more"))
    remedy = "free space, or name another place"
    try:
        with _ONE_AT_A_TIME:
            return _write(exhibits, known, target.absolute(), overwrite)
    except NormlabError:
        raise
    except OSError as error:
        place, reason = str(error.filename or target), error.strerror or str(error)
        raise ExportError(Problem(place, f"can't be written: {reason}", remedy)) from error
    except Exception as error:  # other people's libraries have their own
        reason = visible(str(error).partition("\n")[0] or type(error).__name__, 200)
        raise ExportError(Problem(str(target), f"can't be written as {format}: {reason}", remedy)) from error


def _known(format: str) -> Format:
    if format not in FORMATS:
        raise ExportError(Problem("--to", "is no format", nearest(format, FORMATS), format))
    return FORMATS[format]


def _is_folder(format: Format, exhibits: Sequence[Exhibit]) -> bool:
    return format.render is None or (format.one_run and len(exhibits) > 1)


def _write(exhibits: Sequence[Exhibit], format: Format, target: Path, overwrite: bool) -> list[Path]:
    is_folder = _is_folder(format, exhibits)
    if not is_folder and target.exists() and not target.is_file():
        rule, remedy = ("is a folder", "name a file in it") if target.is_dir() else ("is no file", "name one")
        raise ExportError(Problem(str(target), rule, remedy))
    if is_folder and target.exists() and not target.is_dir():
        raise ExportError(Problem(str(target), "is no folder", "name another place"))
    if not is_folder:
        _refuse([target], overwrite)
    folder = target if is_folder else target.parent
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # Inside, for the folder may be a link or a mount: what is elsewhere can't be renamed into it.
        with TemporaryDirectory(prefix=".normlab-", dir=folder) as staging:
            new, old = Path(staging, "new"), Path(staging, "old")
            new.mkdir()
            old.mkdir()
            if format.one_run and is_folder and len(exhibits) > 1:
                for exhibit in exhibits:
                    _make([exhibit], format, new / f"{exhibit.run.id}{format.suffix}")
            else:
                _make(exhibits, format, new if is_folder else new / target.name)
            places = [folder / path.name for path in sorted(new.iterdir())]
            _refuse(places, overwrite)
            _place(places, new, old)
            return places
    except BaseException:
        if is_new:
            with suppress(OSError):
                folder.rmdir()
        raise


def _make(exhibits: Sequence[Exhibit], format: Format, path: Path) -> None:
    if format.render is not None:
        write_atomically(path, format.render(exhibits))
    elif format.fill is not None:
        path.mkdir(exist_ok=True)
        format.fill(exhibits, path)


def _refuse(places: Sequence[Path], overwrite: bool) -> None:
    """Refuse to replace what is there, be it a link that leads nowhere."""
    for place in places:
        if os.path.lexists(place) and not overwrite:
            raise ExportError(Problem(str(place), "is there already", "name another place, or overwrite it"))


def _place(places: Sequence[Path], new: Path, old: Path) -> None:
    """Rename what is new into place; what stood there waits among the old, and comes back on an error."""
    try:
        for place in places:
            if os.path.lexists(place):
                place.rename(old / place.name)
            (new / place.name).rename(place)
    except BaseException:
        for kept in old.iterdir():
            place = new.parent.parent / kept.name
            if os.path.lexists(place):
                place.rename(new / kept.name)
            kept.rename(place)
        raise
