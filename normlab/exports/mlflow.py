"""Runs as an MLflow store in SQLite."""

import importlib
import logging
import math
import re
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from normlab.engine.events import FAILURES, Outcome, Point
from normlab.exports.exhibit import Exhibit, prose
from normlab.exports.quiet import environment, loggers
from normlab.exports.settings import flat_settings

if TYPE_CHECKING:
    from mlflow.entities import Metric
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

_BATCH = 500
"""Metrics in one transaction; MLflow takes 1,000 at most."""
_LONGEST = 5000
"""Characters of a tag or parameter; MLflow takes 6,000."""


def fill_mlflow(exhibits: Sequence[Exhibit], folder: Path) -> None:
    """Write mlflow.db: an MLflow run for each, with settings as parameters, metrics over steps, and tags.

    MLflow keeps an infinity as the largest number that there is. Weights are no part of it.
    """
    # Made elsewhere: a ? or % in the folder's path would be read as part of an address.
    with TemporaryDirectory() as scratch:
        made = Path(scratch, "mlflow.db")
        with environment(("MLFLOW_",), {"MLFLOW_DISABLE_TELEMETRY": "true"}), _silent():
            from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

            # This scheme is the place that whoever serves the store chooses.
            store = SqlAlchemyStore(f"sqlite:///{made}", "mlflow-artifacts:/")
            try:
                experiment = str(store.create_experiment("normlab"))
                for exhibit in exhibits:
                    _write(store, experiment, exhibit)
            finally:
                store.engine.dispose()
        copyfile(made, folder / made.name)


def _write(store: "SqlAlchemyStore", experiment: str, exhibit: Exhibit) -> None:
    from mlflow.entities import Param, RunStatus, RunTag

    run = exhibit.run
    begun = round(run.created * 1000)
    tags = [RunTag(name, value[:_LONGEST]) for name, value in _tags(exhibit).items()]
    id = store.create_run(experiment, "normlab", begun, tags, exhibit.label).info.run_id
    settings = flat_settings(exhibit.history.experiment).items()
    params = [Param(path, str(value)[:_LONGEST]) for path, value in settings]
    metrics = list(_metrics(exhibit, begun))
    store.log_batch(id, [], params, [])
    for first in range(0, len(metrics), _BATCH):
        store.log_batch(id, metrics[first : first + _BATCH], [], [])
    finished = None if run.finished is None else round(run.finished * 1000)
    status = RunStatus.from_string(_status(run.outcome))
    store.update_run_info(id, status, finished, exhibit.label)


def _status(outcome: Outcome | None) -> str:
    if outcome is None:
        return "RUNNING"
    return "FAILED" if outcome in FAILURES else "KILLED" if outcome == "interrupted" else "FINISHED"


def _metrics(exhibit: Exhibit, begun: int) -> "Iterator[Metric]":
    from mlflow.entities import Metric

    def at(point: Point, prefix: str = "") -> "Iterator[Metric]":
        seconds = point.metrics.get("seconds", 0.0)
        when = begun + round(1000 * seconds) if math.isfinite(seconds) else begun
        for name, value in point.metrics.items():
            yield Metric(_key(prefix + name), value, when, point.step)

    for point in exhibit.history.points:
        yield from at(point)
    if exhibit.history.best is not None:
        yield from at(exhibit.history.best, "best/")


def _tags(exhibit: Exhibit) -> dict[str, str]:
    run = exhibit.run
    tags = {"normlab.run": run.id, "normlab.arm": run.arm, "normlab.tags": ", ".join(run.tags)}
    tags |= {"normlab.outcome": run.outcome or "", "normlab.reason": run.reason or ""}
    tags |= {"normlab.origin": run.origin or "", "normlab.device": run.device or ""}
    tags |= {"mlflow.note.content": run.note}
    tags |= {f"environment.{_key(name)}": value for name, value in run.environment.items()}
    return {name: prose(value) for name, value in tags.items() if value}


def _key(name: str) -> str:
    """Give the name that MLflow takes for a metric or tag."""
    return re.sub(r"[^\w./ -]", "_", name, flags=re.ASCII)[:200].strip("/ .") or "_"


@contextmanager
def _silent() -> Generator[None]:
    """Keep the store from telling how it makes its tables."""
    from sqlalchemy.exc import SADeprecationWarning

    importlib.import_module("mlflow")  # which sets its loggers' levels
    with warnings.catch_warnings(), loggers("mlflow", "alembic", level=logging.WARNING):
        warnings.filterwarnings("ignore", "The ``noload`` loader", SADeprecationWarning)
        yield
