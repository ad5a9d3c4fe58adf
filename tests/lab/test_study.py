import pytest

from normlab.core.errors import ConfigError
from normlab.lab.checks import check_arms
from normlab.lab.presets import Preset, parse_preset, preset_tree, save_preset
from normlab.lab.study import MAX_POINTS, Study, point_label

TEXT = """
title = "Batch size and norm"
[experiment.dataset]
kind = "digits"
[[arms]]
name = "batch norm"
set = { "model.norm.kind" = "batch" }
[[arms]]
name = "same"
set = {}
[study]
seeds = 3
grid = { "training.batch_size, optimizer.lr" = [[32, 0.1], [16, 0.05]], "model.hidden" = ["2x8", "1x8"] }
[[claims]]
text = "Batch norm is higher at small batches"
arm = "batch norm"
metric = "val_accuracy"
where = { "training.batch_size" = 16 }
direction = "higher"
"""


def test_a_grid_runs_every_arm_at_every_place_with_every_seed():
    preset = parse_preset(TEXT, "my.toml")
    assert preset.num_runs == len(list(preset.runs())) == 3 * 4 * 3
    assert [cell.name for cell in preset.cells[:3]] == [
        "baseline · batch_size = 32, lr = 0.1, hidden = 2x8",
        "baseline · batch_size = 32, lr = 0.1, hidden = 1x8",
        "baseline · batch_size = 16, lr = 0.05, hidden = 2x8",
    ]
    last = preset.cells[7].experiment
    assert (last.training.batch_size, last.optimizer.lr, last.model.norm.kind) == (16, 0.05, "batch")


def test_settings_that_move_together_are_one_axis():
    points = Study(grid={"a, b": [[1, 2], [3, 4]]}).points()
    assert points == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


def test_without_a_grid_a_cell_is_called_as_its_arm():
    preset = parse_preset(TEXT.split("grid")[0] + "", "my.toml")
    assert [(cell.name, dict(cell.point)) for cell in preset.cells] == [
        ("baseline", {}),
        ("batch norm", {}),
        ("same", {}),
    ]


def test_a_claim_is_about_the_places_that_it_names_and_all_others_along():
    claim = parse_preset(TEXT, "my.toml").claims[0]
    assert claim.is_at({"training.batch_size": 16, "optimizer.lr": 0.05})
    assert not claim.is_at({"training.batch_size": 32, "optimizer.lr": 0.1})


def test_a_study_survives_its_file(tmp_path):
    preset = parse_preset(TEXT, "my.toml")
    save_preset(preset, tmp_path / "again.toml")
    again = parse_preset((tmp_path / "again.toml").read_text(), "again.toml")
    assert again == preset
    assert preset_tree(again) == preset_tree(preset)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[16, 0.05]]", "[16]]", 'study.grid."training.batch_size, optimizer.lr": [16]: moves 2 settings together'),
        ("[16, 0.05]]", "[32, 0.1]]", "holds a value twice"),
        ('"training.batch_size, optimizer.lr"', '"training.batchsize, optimizer.lr"', "study.grid, at batchsize = 32, lr = 0.1, hidden = 2x8: training.batchsize: is no setting here; did you mean batch_size?"),
        ('"model.hidden" = ["2x8", "1x8"]', '"seed" = [1, 2]', "a seed is no setting to compare"),
        ('"model.hidden" = ["2x8", "1x8"]', '"optimizer.lr" = [1.0]', "holds optimizer.lr a second time"),
        ('"model.hidden" = ["2x8", "1x8"]', '"model.hidden" = []', "has no values"),
        ('"model.hidden" = ["2x8", "1x8"]', '"optimizer.momentum" = [0.9]', "study.grid, at batch_size = 32, lr = 0.1, momentum = 0.9"),
        ('"model.norm.kind" = "batch"', '"optimizer.lr" = 3.0', "arms[0].set: optimizer.lr: is on the study's grid"),
        ('"training.batch_size" = 16 }', '"training.batch_size" = 17 }', "claims[0].where: {'training.batch_size': 17}: is no place of the study's grid; use its values: training.batch_size = [32, 16]"),
        ('"training.batch_size" = 16 }', '"optimizer.rate" = 17 }', "claims[0].where: optimizer.rate: is not on the study's grid"),
        ('metric = "val_accuracy"', 'metric = "epochs_to"\ntarget = { val_loss = 0.1 }', "claims[0].metric: epochs_to: has no mean"),
        ('metric = "val_accuracy"', 'metric = "reached"', "claims[0].target: is missing"),
        ('direction = "higher"', 'direction = "higher"\nmargin = 5.0', "claims[0].margin: 5.0: is more than there can be"),
        ('direction = "higher"', 'direction = "lower"\nmargin = 1.0', "claims[0].margin: 1.0: is all there can be"),
        ('metric = "val_accuracy"', 'metric = "diverged"\ntarget = { val_loss = 0.1 }', "claims[0].target: is for epochs_to, steps_to and reached, not for diverged; leave it out"),
        ('metric = "val_accuracy"', 'metric = "reached"\ntarget = { val_accuracy = 95.0 }', "claims[0].target.val_accuracy: 95.0: is a share, from 0 to 1; 95 % is 0.95"),
        ('metric = "val_accuracy"', 'metric = "reached"\ntarget = { val_acc = 0.9 }', "claims[0].target: val_acc: is no name here; did you mean val_accuracy?"),
        ('arm = "batch norm"', 'arm = "same"', "claims[0].arm: same: is the same as baseline: there is nothing to compare"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_study_is_said_with_its_place(old, new, said):
    with pytest.raises(ConfigError) as caught:
        parse_preset(TEXT.replace(old, new), "my.toml")
    message = str(caught.value)
    assert said in message


def test_a_path_of_a_grid_may_be_written_without_quotes():
    preset = parse_preset(TEXT.replace('"model.hidden" =', "model.hidden ="), "my.toml")
    assert preset == parse_preset(TEXT, "my.toml")


def test_more_runs_than_anybody_can_wait_for_are_refused():
    with pytest.raises(ConfigError, match="study: asks for 120,000 runs, and 100,000 are the most"):
        parse_preset(TEXT.replace("seeds = 3", "seeds = 10_000"), "my.toml")


def test_a_grid_of_a_million_places_is_refused_before_it_is_laid_out():
    grid = {f"a{index}": list(range(100)) for index in range(8)}
    found = [str(problem) for problem in Study(grid=grid).problems()]
    assert found == [f"study.grid: has {100**8:,} places, and {MAX_POINTS:,} are the most; list fewer values"]


def test_too_many_arms_times_places_are_refused():
    arms = [{"name": f"arm {index}", "set": {"optimizer.eps": 1e-8 * (index + 1)}} for index in range(20)]
    grid = {"optimizer.lr": [0.001 * (index + 1) for index in range(60)]}
    tree = {"title": "large", "experiment": {}, "arms": arms, "study": {"grid": grid}}
    preset = Preset.model_validate(tree)
    with pytest.raises(ConfigError, match=r"study\.grid: makes 1,260 settings with its arms"):
        _ = preset.cells


def test_a_place_is_named_by_its_settings():
    assert point_label({"model.norm.kind": "batch", "optimizer.lr": 0.1}) == "norm = batch, lr = 0.1"


def test_a_grid_is_checked_at_every_place():
    preset = parse_preset(TEXT.replace("[16, 0.05]]", "[1, 0.05]]").replace("= 16 }", "= 1 }"), "my.toml")
    with pytest.raises(ConfigError, match=r'arm "batch norm · batch_size = 1, lr = 0\.05, hidden = 2x8": '):
        check_arms(preset)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('metric = "val_accuracy"', 'metric = "val_rmse"', r"claims\[0\]\.metric: val_rmse: is not measured by baseline"),
        ('metric = "val_accuracy"', 'metric = "reached"\ntarget = { val_ece = 0.1 }', r"claims\[0\]\.target: val_ece: is not measured"),
        ('kind = "digits"', 'kind = "digits"\nval_fraction = 0.0', r"claims\[0\]\.metric: val_accuracy: .*choose one of train_loss, train_accuracy$"),
    ],
)  # fmt: skip
def test_a_claim_about_what_is_not_measured_is_refused(old, new, said):
    check_arms(parse_preset(TEXT, "my.toml"))
    with pytest.raises(ConfigError, match=said):
        check_arms(parse_preset(TEXT.replace(old, new), "my.toml"))


def test_two_places_whose_names_are_cut_alike_are_refused():
    widths = [[8] * 60 + [last] for last in (9, 10)]
    tree = {"title": "long", "experiment": {}, "study": {"grid": {"model.hidden": widths}}}
    with pytest.raises(ConfigError, match=r"study\.grid: .*is what two places are called"):
        _ = Preset.model_validate(tree).cells


def test_a_hostile_grid_is_counted_before_it_is_laid_out():
    grid = {f"a{index}": list(range(1000)) for index in range(8)}
    with pytest.raises(ConfigError, match="and 1,000 are the most"):
        _ = Preset.model_validate({"title": "hostile", "experiment": {}, "study": {"grid": grid}}).cells
