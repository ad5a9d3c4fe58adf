"""A line finds the runs that it names, by any setting, metric, outcome, tag, day or word."""

import math

import pytest
from support.told import told

from normlab.core.errors import ConfigError
from normlab.store import edit
from normlab.store.errors import StoreError
from normlab.store.filter_names import kinds_of, setting_paths
from normlab.store.filters import read_filter
from normlab.store.find import find_run, find_runs, mixed
from normlab.store.record import record
from normlab.store.store import Store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("home"))
    list(record(told("plain2", losses=[0.5, 0.3, 0.4]), store))
    list(record(told("batch2", {"model.norm.kind": "batch", "seed": 1}, arm="batch norm"), store))
    wide = {
        "model.norm.kind": "layer",
        "model.hidden": [64, 32],
        "optimizer.lr": 0.1,
        "dataset.kind": "circles",
    }
    list(record(told("layer2", wide, epochs=5, losses=[math.nan] * 5), store))
    list(record(told("full22", {"training.batch_size": "full"}, epochs=1, finish=False), store))
    edit.tag(store, ["batch2", "layer2"], add=["paper"])
    edit.tag(store, ["layer2"], add=["draft_1"])
    edit.annotate(store, "plain2", "for the 3% talk")
    edit.rename(store, "layer2", "wide one")
    yield store
    store.close()


def found(store, line, **how):
    return sorted(run.id for run in find_runs(store, line, **how).runs)


EVERY = ["batch2", "full22", "layer2", "plain2"]


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ("", EVERY),
        ("norm=batch", ["batch2"]),
        ("norm=batch,layer", ["batch2", "layer2"]),
        ("norm!=batch,layer", ["full22", "plain2"]),
        ("model.norm.kind=layer", ["layer2"]),
        ("dataset=circles", ["layer2"]),
        ("lr>0.01", ["layer2"]),
        ("optimizer.lr<=0.001", ["batch2", "full22", "plain2"]),
        ("lr=1e-3", ["batch2", "full22", "plain2"]),
        ("batch_size>=1", ["batch2", "layer2", "plain2"]),
        ("batch_size=full", ["full22"]),
        ('hidden="[64, 32]"', ["layer2"]),
        ("val_loss<=0.6", ["batch2", "plain2"]),
        ("best.val_loss=0.6", ["plain2"]),
        ("last.val_loss=0.8", ["plain2"]),
        ("val_loss>0", ["batch2", "full22", "plain2"]),
        ("outcome=completed", ["batch2", "layer2", "plain2"]),
        ("outcome=failed", ["full22"]),
        ("outcome=running", []),
        ("outcome!=running", EVERY),
        ('name="wide one"', ["layer2"]),
        ("name!=x", EVERY),
        ("id=007", []),
        ("id=pl,ba", ["batch2", "plain2"]),
        ('name="batch norm"', ["batch2"]),
        ("norm==batch", ["batch2"]),
        ("begun>=today time>0 score>0 tags:paper", ["batch2"]),
        ("seed=1", ["batch2"]),
        ("epoch>=5", ["layer2"]),
        ("tag:paper", ["batch2", "layer2"]),
        ("tag:paper norm=layer", ["layer2"]),
        ("tag!=paper", ["full22", "plain2"]),
        ("tag:draft_1,nothing", ["layer2"]),
        ("date=today", EVERY),
        ("date<today", []),
        ("date>=2020-01-01", EVERY),
        ("date>2999-01-01", []),
        ("circles", ["layer2"]),
        ("3%", ["plain2"]),
        ("_", ["layer2"]),
        ('"wide one"', ["layer2"]),
        ('arm="batch norm"', ["batch2"]),
        ("nothing-like-that", []),
        ("'; DROP TABLE runs; --", []),
    ],
)
def test_a_line_finds_what_it_says(store, line, ids):
    assert found(store, line) == ids


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nrom=batch", "did you mean norm?"),
        ("val_acuracy>0.9", "did you mean val_accuracy?"),
        ("zzz=1", "neither a setting nor a metric"),
        ("momentum=0.9", "optimizer.momentum"),
        ("lr>high", "needs a number"),
        ("lr>", "needs a value"),
        ("date>=someday", "2026-11-01"),
        ("tag>paper", "tag:paper"),
        ("tag:", "needs a value"),
        ("norm=", "needs a value"),
        ("norm=batsch", "did you mean batch?"),
        ("outcome=done", "interrupted"),
        ("seed=abc", "needs a number"),
        ("norm = batch", "no spaces around ="),
        ("norm=batch OR norm=layer", "norm=batch,layer"),
        ('arm="batch norm', "close it"),
        ("note=x", "by its words alone"),
        ("arm>3", "is for numbers"),
        ("date=today,yesterday", "2026-11-01"),
        ("\udcff", "invisible character U\\+DCFF"),
        ("x" * 3000, "shorten it"),
    ],
)
def test_a_word_that_is_not_understood_is_named_with_a_remedy(store, line, said):
    with pytest.raises(ConfigError, match=said.replace("?", r"\?")) as raised:
        find_runs(store, line)
    assert len(raised.value.problems) == 1


@pytest.mark.parametrize("path", [path for path in setting_paths() if path != "seed"])
def test_any_setting_can_be_asked_for_by_its_path(path):
    value = kinds_of(path)[-1] if path.endswith(".kind") else 1
    assert read_filter(f"{path}={value}").values[0] == path


@pytest.mark.parametrize(
    ("sort", "ids"),
    [
        ("-date", ["full22", "layer2", "batch2", "plain2"]),
        ("-begun", ["full22", "layer2", "batch2", "plain2"]),
        ("number", ["plain2", "batch2", "layer2", "full22"]),
        ("val_loss", ["batch2", "plain2", "full22", "layer2"]),
        ("-last.val_loss", ["full22", "plain2", "batch2", "layer2"]),
        ("-optimizer.lr", ["layer2", "full22", "batch2", "plain2"]),
        ("-epoch", ["layer2", "batch2", "plain2", "full22"]),
    ],
)
def test_runs_are_ordered_by_any_field_metric_or_setting_and_those_without_come_last(store, sort, ids):
    assert [run.id for run in find_runs(store, sort=sort).runs] == ids


def test_pages_follow_each_other_and_know_how_many_there_are(store):
    pages = [find_runs(store, limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [len(page.runs) for page in pages] == [3, 1, 0]
    assert {page.total for page in pages} == {4}


def test_a_run_is_found_by_the_start_of_its_id_while_that_is_clear(store):
    assert find_run(store, "pl").id == "plain2"
    for start in ("", "zz", "*", "b*", "%", "_", "plain22", "\udcff"):
        with pytest.raises(StoreError, match="unknown"):
            find_run(store, start)
    list(record(told("plain3"), store))
    with pytest.raises(StoreError, match="several begin so: plain2, plain3; write more of it"):
        find_run(store, "pl")
    edit.delete(store, ["plain3"])


def test_a_kept_run_tells_what_it_was_to_do_and_what_came_of_it(store):
    run = find_run(store, "layer2")
    assert run.experiment.model.hidden == (64, 32)
    assert run.tags == ("draft_1", "paper")
    assert run.title == "wide one"
    assert run.best is None
    assert math.isnan(run.last.metrics["val_loss"])
    assert run.environment["python"]


def test_runs_that_make_no_ranking_say_what_differs(store):
    assert mixed(store, "dataset=digits") == []
    assert mixed(store) == ["dataset.kind"]
