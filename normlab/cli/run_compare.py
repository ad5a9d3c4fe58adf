"""normlab runs compare."""

from collections.abc import Sequence
from typing import Any

from normlab.cli.report import print_comparison
from normlab.cli.tables import choose_form, print_json
from normlab.exports.exhibit import Arm, Exhibit, by_arm, side_by_side
from normlab.store.find import find_run
from normlab.store.store import Store
from normlab.store.sweep import open_swept
from normlab.views.comparison import Comparison
from normlab.views.comparison_cells import Row
from normlab.views.comparison_text import to_csv
from normlab.views.recall import recall


def exhibits_of(store: Store, starts: Sequence[str]) -> list[Exhibit]:
    """Recall runs by their ids, each once, in that order. Raises: StoreError; ConfigError."""
    found = {run.id: run for run in (find_run(store, start) for start in starts)}
    return [Exhibit(run, recall(run, store)) for run in found.values()]


def print_runs(starts: Sequence[str], json: bool, csv: bool) -> None:
    """Print runs side by side, the first as the baseline.

    Runs of one experiment with several seeds are a column, unless there is nothing else to compare.

    Raises: StoreError for an id; ConfigError for a run that this version can't read.
    """
    form = choose_form(json, csv)
    exhibits = exhibits_of(open_swept(), starts)
    arms = by_arm(exhibits)
    if len(arms) == 1:
        arms = [Arm(f"{each.label} ({each.run.id})", [each]) for each in exhibits]
    comparison = side_by_side(arms)
    if form == "json":
        print_json(_plain(comparison, [[each.run.id for each in arm.runs] for arm in arms]))
    elif form == "csv":
        print(to_csv(comparison), end="")
    else:
        print_comparison(comparison)


def _plain(comparison: Comparison, runs: list[list[str]]) -> dict[str, Any]:
    names = zip(comparison.arms, runs, comparison.not_compared, strict=True)
    return {
        "arms": [{"name": name, "runs": ids, "not_compared": why or None} for name, ids, why in names],
        "settings": {row.name: [cell.text for cell in row.cells] for row in comparison.settings},
        "results": {row.name: _cells(row) for row in comparison.results},
    }


def _cells(row: Row) -> list[dict[str, Any]]:
    return [
        {"text": cell.text, "value": cell.value, "difference": cell.difference, "best": cell.is_best}
        for cell in row.cells
    ]
