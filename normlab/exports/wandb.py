"""Runs as Weights & Biases writes them offline."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

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
                    _write(exhibit, Path(scratch, "runs"), settings)
            finally:
                wandb.teardown()
        for made in Path(scratch, "runs", "wandb").glob("offline-run-*"):
            place = folder / made.name
            place.mkdir()
            for file in made.glob("*.wandb"):  # its logs tell of this machine
                place.joinpath(file.name).write_bytes(file.read_bytes())


def _write(exhibit: Exhibit, folder: Path, settings: "Settings") -> None:
    import wandb

    run, history = exhibit.run, exhibit.history
    facts = {"arm": run.arm, "device": run.device, "environment": run.environment, "origin": run.origin}
    written = wandb.init(
        mode="offline",
        dir=folder,
        project="normlab",
        id=run.id,
        name=exhibit.label,
        tags=[tag[:64] for tag in run.tags if tag],
        notes=prose(run.note),
        config={**flat_settings(history.experiment), "normlab": facts},
        settings=settings,
    )
    for point in history.points:
        seconds = point.metrics.get("seconds", 0.0)
        when = {"epoch": point.epoch, "_timestamp": run.created + seconds, "_runtime": seconds}
        written.log({**point.metrics, **when}, step=point.step)
    for name, value in (history.best.metrics if history.best else {}).items():
        written.summary[f"best/{name}"] = value
    for name in ("outcome", "reason"):
        written.summary[name] = getattr(run, name)
    written.finish(exit_code=int(run.outcome in FAILURES))
