import math
import random

import pytest

from normlab.engine.events import Point
from normlab.lab.presets import parse_preset
from normlab.store.planning import plan_study
from normlab.views.board import Board
from normlab.views.chart import Series, plot
from normlab.views.history import History
from normlab.views.study_bands import (
    MAX_CELLS,
    TERMINAL,
    band_metrics,
    collect_bands,
    neighbours,
    series_of,
)

PLAN = """
title = "Bands"
[experiment]
[[arms]]
name = "batch"
set = { "model.norm.kind" = "batch" }
[study]
seeds = 7
"""
CLAIM = """
[[claims]]
text = "it gets there sooner"
arm = "batch"
metric = "epochs_to"
target = { val_accuracy = 0.9 }
direction = "lower"
"""
GRID = '[study.grid]\n"optimizer.lr" = [0.1, 0.01, 0.001, 0.5, 1.0]\n'


def board_of(more="", epochs=30, without=(), value=None):
    """A study whose runs have all been made; `value(arm, seed, epoch)` is their validation loss."""
    preset = parse_preset(PLAN + more, "test")
    board = Board(plan_study(preset, "cpu"))
    draw = random.Random(0)
    value = value or (lambda arm, seed, epoch: (2 if arm == "batch" else 3) / epoch + draw.random())
    for cell in board.cells:
        for seed in board.seeds:
            if (cell.name, seed) not in without:
                history = History(cell.name, cell.experiment)
                history.points = [
                    Point(epoch=epoch, step=10 * epoch, metrics={"val_loss": value(cell.arm, seed, epoch), "val_accuracy": 0.5})
                    for epoch in range(1, epochs + 1)
                ]  # fmt: skip
                history.last = history.points[-1]
                board.histories[cell.name, seed] = history
    return board


def test_a_cell_is_a_band_its_seeds_and_its_median_from_the_back_to_the_front():
    series = series_of(collect_bands(board_of(), "val_loss"))
    areas, rest = series[:2], series[2:]
    assert all(each.upper is not None for each in areas)
    assert [each.faint for each in rest] == [True] * 14 + [False] * 4
    assert [each.marker for each in rest[-2:]] == ["o", "x"]
    assert [each.color for each in rest[-4:-2]] == [TERMINAL[0][0], TERMINAL[1][0]]
    assert {each.color for each in areas} == {TERMINAL[0][1], TERMINAL[1][1]}


def test_the_median_is_that_of_all_seeds_at_every_place():
    series = series_of(
        collect_bands(board_of(value=lambda arm, seed, epoch: seed + epoch), "val_loss", ["batch"])
    )
    median = next(each for each in series if each.upper is None and not each.faint)
    assert list(median.y) == [3 + epoch for epoch in range(1, 31)]


def test_statistics_come_before_the_drawing_is_thinned():
    def spike(arm, seed, epoch):
        return 100.0 if epoch == 777 and seed < 5 else 1.0 + seed / 100

    (found,) = collect_bands(board_of(epochs=2_000, value=spike), "val_loss", ["batch"])
    assert len(found.band.median) == 2_000
    assert found.band.median[776] == 100.0
    drawing = plot(series_of([found]), 40, 12, log=True, color=False)
    assert drawing.num_points <= 80
    assert "100" in "\n".join(drawing.lines) or "50" in "\n".join(drawing.lines)


def test_a_diverged_seed_counts_as_the_worst_and_the_chart_is_still_drawn():
    def breaks(arm, seed, epoch):
        return math.nan if seed == 0 and epoch > 5 else 1.0 + seed / 10

    board = board_of(value=breaks)
    (found,) = collect_bands(board, "val_loss", ["batch"])
    assert found.band.high[-1] == math.inf
    assert found.band.median[-1] == pytest.approx(1.4)  # of 1.1 … 1.6 and the worst
    assert plot(series_of([found]), 60, 12, log=True, color=False) is not None


def test_a_study_with_too_few_seeds_has_medians_and_no_area():
    board = board_of(without={(cell, seed) for cell in ("baseline", "batch") for seed in range(3, 7)})
    series = series_of(collect_bands(board, "val_loss"))
    assert not any(each.upper for each in series)
    assert plot(series, 60, 12, color=False) is not None


def test_cells_without_a_run_have_no_band():
    board = board_of(without={("batch", seed) for seed in range(7)})
    assert [each.cell for each in collect_bands(board, "val_loss")] == ["baseline"]
    assert collect_bands(board, "train_rmse") == []
    assert plot(series_of(collect_bands(board, "train_rmse")), 60, 12) is None


def test_a_cell_stands_beside_the_other_arms_at_its_place_of_the_grid():
    board = board_of(GRID, epochs=2)
    cells = neighbours(board, "batch · lr = 0.01")
    assert cells == ["baseline · lr = 0.01", "batch · lr = 0.01"]
    assert [each.hue for each in collect_bands(board, "val_loss", cells)] == [0, 1]
    every = collect_bands(board, "val_loss")
    assert [each.hue for each in every] == list(range(MAX_CELLS))


def test_the_claims_metrics_come_first():
    assert band_metrics(board_of()) == ["val_loss", "val_accuracy"]
    assert band_metrics(board_of(CLAIM)) == ["val_accuracy", "val_loss"]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("ends", [(0.0, 1.0), (-1.0, math.inf), (math.nan, math.nan), (-math.inf, 0.5)])
@pytest.mark.parametrize("ascii", [False, True])
def test_any_area_is_drawn_within_its_space(log, ends, ascii):
    x = list(range(1, 200))
    area = Series(x, [ends[0]] * 199, "4", upper=[ends[1]] * 199)
    line = Series(x, [0.5] * 199, "12")
    drawing = plot([area, line], 50, 10, log=log, color=False, ascii=ascii)
    assert len(drawing.lines) == 10
    assert max(map(len, drawing.lines)) <= 50


def test_an_area_is_seen_without_colour_and_is_lighter_than_a_line():
    x = [1.0, 10.0]
    area = Series(x, [0.0, 0.0], "4", upper=[1.0, 1.0])
    text = "\n".join(plot([area], 40, 10, color=False).lines)
    dots = [bin(ord(letter) - 0x2800).count("1") for letter in text if "\u2800" < letter <= "\u28ff"]
    assert len(dots) > 200
    assert sum(dots) / len(dots) == pytest.approx(2, abs=0.3)  # of eight


def test_runs_are_drawn_over_steps_where_training_is_counted_in_them():
    board = board_of()
    history = next(iter(board.histories.values()))
    steps = history.experiment.training.model_copy(update={"steps": 100})
    history.experiment = history.experiment.model_copy(update={"training": steps})
    assert collect_bands(board, "val_loss")[0].band.x[-1] == 300
