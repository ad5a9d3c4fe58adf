"""Runs as Weights & Biases writes them offline."""

import errno
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from normlab.engine.events import FAILURES
from normlab.exports.exhibit import Exhibit, prose
from normlab.exports.quiet import environment
from normlab.exports.settings import flat_settings

if TYPE_CHECKING:
    from wandb import Settings

_PLACES = ("CACHE", "CONFIG", "DATA", "ARTIFACT")


def fill_wandb(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write a folder offline-run-… per run, which `wandb sync` takes; nothing is sent from here.

    Points carry the time at which they were measured.
    """
    with TemporaryDirectory() as scratch:
        values = {f"WANDB_{place}_DIR": str(Path(scratch, place.lower())) for place in _PLACES}
        values |= {"WANDB_ERROR_REPORTING": "false", "WANDB_MODE": "offline"}
        with environment(("WANDB_",), values):
            import wandb

            settings = wandb.Settings(
                silent=True,
                console="off",
                reinit="create_new",
                symlink=False,
                host="normlab",
                root_dir=scratch,
                # Nothing of this machine and this moment: the runs are of another time.
                disable_git=True,
                disable_code=True,
                disable_job_creation=True,
                save_code=False,
                x_disable_meta=True,
                x_disable_stats=True,
                x_disable_machine_info=True,
                x_disable_viewer=True,
                x_save_requirements=False,
            )
            try:
                for exhibit in exhibits:
                    _write(exhibit, Path(scratch, exhibit.run.id), settings)
            finally:
                wandb.teardown()
        for exhibit in exhibits:
            # Its logs tell of this machine, and the names of its folders of this moment.
            (made,) = Path(scratch, exhibit.run.id).glob("wandb/offline-run-*/*.wandb")
            refuse_cut(made)
            began = datetime.fromtimestamp(exhibit.run.created, UTC)
            place = folder / f"offline-run-{began:%Y%m%d_%H%M%S}-{exhibit.run.id}"
            place.mkdir()
            copyfile(made, place / made.name)


def _write(exhibit: Exhibit, folder: Path, settings: "Settings") -> None:
    import wandb

    run, history = exhibit.run, exhibit.history
    facts = {"arm": prose(run.arm), "device": prose(run.device or ""), "origin": prose(run.origin or "")}
    versions = {prose(name): prose(value) for name, value in run.environment.items()}
    written = wandb.init(
        mode="offline",
        dir=folder,
        project="normlab",
        id=run.id,
        name=exhibit.label,
        tags=[prose(tag)[:64] for tag in run.tags if tag],
        notes=prose(run.note),
        config={**flat_settings(history.experiment), "normlab": {**facts, "environment": versions}},
        settings=settings,
    )
    for point in history.points:
        seconds = point.metrics.get("seconds", 0.0)
        when = {"epoch": point.epoch, "_timestamp": run.created + seconds, "_runtime": seconds}
        written.log({**point.metrics, **when}, step=point.step)
    for name, value in (history.best.metrics if history.best else {}).items():
        written.summary[f"best/{name}"] = value
    written.summary.update({"outcome": run.outcome, "reason": prose(run.reason or "")})
    written.finish(exit_code=int(run.outcome in (None, "interrupted", *FAILURES)))


def refuse_cut(made: Path) -> None:
    """Make sure that the last record is there: on a full disk wandb-core stops, and says nothing.

    Records lie as in LevelDB's log, behind seven bytes: in blocks, each piece with a head.

    Raises: OSError.
    """
    messages: Any = import_module("wandb.proto.wandb_internal_pb2")
    block, head = 32_768, 7
    raw, place, kind, record = made.read_bytes(), 7, 0, b""
    while place + head <= len(raw):
        if (left := block - place % block) < head:
            place += left
            continue
        length, kind = int.from_bytes(raw[place + 4 : place + 6], "little"), raw[place + 6]
        record = (record if kind in (3, 4) else b"") + raw[place + head : place + head + length]
        place += head + length
    is_whole = place == len(raw) and kind in (1, 4)
    if not is_whole or not messages.Record.FromString(record).HasField("exit"):
        raise OSError(errno.ENOSPC, "its end is missing, as on a full disk", str(made))
