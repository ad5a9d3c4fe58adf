"""normlab runs show."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from normlab.cli.run_record import moment, record_of, settings_of
from normlab.cli.tables import choose_form, print_csv, print_json, print_pairs, shown
from normlab.core.errors import ConfigError, Problem, show_value
from normlab.core.memory import show_bytes
from normlab.core.text import visible
from normlab.engine.events import Point
from normlab.lab.settings import show_setting
from normlab.store.find import find_run
from normlab.store.kept import KeptRun
from normlab.store.replay import replay
from normlab.store.sweep import open_swept


def print_run(start: str, all_settings: bool, json: bool, csv: bool) -> None:
    """Print all that is known of a run. Raises: StoreError when there is none of that id, or several."""
    form = choose_form(json, csv)
    run = find_run(open_swept(), start)
    settings, files = settings_of(run, all_settings), _files(run.folder)
    if form == "json":
        record = record_of(run) | {"settings": settings, "environment": run.environment}
        print_json(record | {"folder": str(run.folder), "files": files})
    elif form == "csv":
        values = [(path, show_setting(value)) for path, value in settings.items()]
        note = [("note", line) for line in _note(run)]
        print_csv(["setting", "value"], [*_facts(run), *values, *_numbers(run), *files.items(), *note])
    else:
        print(f"{run.id}  {shown(run.title)}")
        print_pairs(_facts(run))
        _print_section("settings", [(path, show_setting(value)) for path, value in settings.items()])
        _print_section("metrics", list(_metrics(run)))
        _print_section("environment", [(shown(k), shown(v, 200)) for k, v in run.environment.items()])
        sizes = [(name, show_bytes(size)) for name, size in files.items()]
        _print_section(f"files in {visible(str(run.folder), 400)}", sizes)
        if run.note:
            print("\nnote")
            for line in _note(run):
                print(f"  {line}")


def print_events(start: str, csv: bool) -> None:
    """Print the events that are kept of a run, a line of JSON each.

    Raises: ConfigError where CSV is asked for; StoreError.
    """
    if csv:
        raise ConfigError(Problem("--csv", "is not for events", "normlab runs export ID --to csv"))
    for event in replay(start, open_swept()):
        print(event.model_dump_json())


def _print_section(title: str, pairs: Sequence[tuple[str, str]]) -> None:
    if pairs:
        print(f"\n{title}")
        print_pairs((f"  {name}", text) for name, text in pairs)


def _facts(run: KeptRun) -> Iterator[tuple[str, str]]:
    reason = f" ({shown(run.reason, 400)})" if run.reason else ""
    yield "outcome", f"{run.outcome or 'running'}{reason}"
    if run.name is not None:
        yield "arm", shown(run.arm)
    yield "seed", str(run.seed)
    yield "begun", moment(run.created)
    if run.finished is not None:
        yield "ended", moment(run.finished)
    yield "trained", f"{run.seconds:.2f} s, {run.epoch:,} epochs, {run.step:,} of {run.num_steps:,} steps"
    yield "device", shown(run.device or "")
    yield "parameters", f"{run.num_parameters:,}"
    if run.origin:
        yield "weights from", shown(run.origin)
    if run.tags:
        yield "tags", shown(" ".join(run.tags), 400)


def _metrics(run: KeptRun) -> Iterator[tuple[str, str]]:
    points: dict[str, Point | None] = {"best": run.best, "last": run.last}
    if run.best == run.last:
        points = {"best = last": run.best}
    for when, point in points.items():
        if point is not None:
            yield when, f"epoch {point.epoch}, step {point.step}"
            yield from ((f"  {shown(name)}", show_value(value)) for name, value in point.metrics.items())


def _numbers(run: KeptRun) -> Iterator[tuple[str, float]]:
    for when, point in (("best", run.best), ("last", run.last)):
        if point is not None:
            yield f"{when}_epoch", point.epoch
            yield f"{when}_step", point.step
            yield from ((f"{when}_{shown(name)}", value) for name, value in point.metrics.items())


def _note(run: KeptRun) -> list[str]:
    return [visible(line.expandtabs(), 20_000) for line in run.note.splitlines()]


def _files(folder: Path) -> dict[str, Any]:
    """Give the sizes in bytes of the files of a run's folder, by name."""
    try:
        found = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return {}
    return {shown(path.name): path.stat().st_size for path in found}
