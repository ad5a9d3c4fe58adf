"""Which arms a chart shows where it has no room for all."""

from normlab.cli.report import PipeConsole
from normlab.cli.study_curves import choose_cells
from normlab.lab.presets import Preset
from normlab.store.planning import plan_study
from normlab.views.board import Board

RATES = [0.01 * (i + 1) for i in range(10)]


def board(claims=(), arms=("group norm", "layer norm")):
    tree = [{"name": name, "set": {"model.hidden": [8 + i]}} for i, name in enumerate(arms)]
    study = {"seeds": 1, "grid": {"optimizer.lr": RATES}}
    fields = {"title": "x", "experiment": {}, "arms": tree, "study": study, "claims": list(claims)}
    return Board(plan_study(Preset.model_validate(fields), "cpu"))


def claim(arm, metric="val_loss", **fields):
    return {"text": "x", "arm": arm, "metric": metric, "direction": "lower", **fields}


def chosen(board, metric="val_loss"):
    return [(cell.arm, cell.point["optimizer.lr"]) for cell in choose_cells(board, metric)]


def test_without_a_claim_all_arms_are_shown_at_places_spread_over_the_grid():
    assert chosen(board()) == [
        (arm, rate) for rate in (0.01, 0.1) for arm in ("baseline", "group norm", "layer norm")
    ]


def test_what_claims_are_about_is_shown_the_metric_of_the_chart_first():
    claims = [
        claim("layer norm", "train_loss", where={"optimizer.lr": 0.02}),
        claim("group norm", where={"optimizer.lr": 0.05}),
    ]
    found = chosen(board(claims))
    assert found == [("baseline", 0.05), ("group norm", 0.05), ("baseline", 0.02), ("layer norm", 0.02)]


def test_a_claim_about_all_places_is_shown_at_some():
    found = chosen(board([claim("layer norm")]))
    assert found == [(arm, rate) for rate in (0.01, 0.04, 0.07, 0.1) for arm in ("baseline", "layer norm")]


def test_many_arms_and_claims_never_take_more_room_than_there_is():
    arms = [f"arm {i}" for i in range(12)]
    for claims in ([], [claim(arm) for arm in arms]):
        assert 0 < len(chosen(board(claims, arms))) <= 8


def test_text_between_colons_makes_no_pictures(capsys):
    PipeConsole().print("caveat :warning:")
    assert capsys.readouterr().out == "caveat :warning:\n"
