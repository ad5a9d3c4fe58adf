"""normlab studies show."""

from collections.abc import Iterator
from typing import Any

from normlab.cli.run_record import moment
from normlab.cli.study_events import arm_summary
from normlab.cli.study_report import print_study
from normlab.cli.tables import choose_form, print_csv, print_json
from normlab.lab.presets import preset_tree
from normlab.store.studies import find_study
from normlab.store.sweep import open_swept
from normlab.views.board import Board, recall_board
from normlab.views.study_caveats import caveats
from normlab.views.study_table import ArmRow, DifferenceRow, arm_rows, difference_rows


def show(start: str, json: bool, csv: bool) -> None:
    """Print a study as it stands. Raises: StoreError for an id, or a damaged run; ConfigError."""
    form, store = choose_form(json, csv), open_swept()
    board = recall_board(find_study(store, start), store)
    if form == "json":
        print_json(_record(board))
    elif form == "csv":
        rows = [dict(_flat(row)) for row in arm_rows(board)]
        print_csv(list(rows[0]), [list(row.values()) for row in rows])
    else:
        print_study(board)


def _record(board: Board) -> dict[str, Any]:
    study = board.study
    return {
        "id": study.id,
        "preset": preset_tree(board.preset),
        "looks": study.looks,
        "device": study.device,
        "origin": study.origin,
        "created": moment(study.created),
        "num_runs": board.num_runs,
        "num_done": board.num_ended,
        "arms": [arm_summary(row).model_dump() for row in arm_rows(board)],
        "verdicts": [verdict.model_dump() for verdict in board.verdicts],
        "differences": list(map(_difference, difference_rows(board))),
        "caveats": caveats(board),
        "runs": [
            {"arm": cell, "seed": seed, "run": run, "outcome": board.histories[cell, seed].outcome}
            for (cell, seed), run in board.runs.items()
        ],
    }


def _difference(row: DifferenceRow) -> dict[str, Any]:
    return {
        "arm": row.cell.name,
        "against": row.against.name,
        "measure": row.measure.label,
        "scale": row.scale,
        "effect": row.effect,
        "effect_bound": row.bound,
        "interval": row.interval,
        "num_pairs": row.num_pairs,
        "wins": row.wins,
    }


def _flat(row: ArmRow) -> Iterator[tuple[str, Any]]:
    """Spread an arm over the cells of a line."""
    yield from {"arm": row.name, "num_ended": row.num_ended, "num_failed": row.num_failed}.items()
    for summary in row.summaries:
        for name in ("mean", "half_width", "median"):
            yield f"{summary.measure.label} {name}", getattr(summary, name)
