import csv
import io
import math

from pyarrow import parquet

from normlab.exports.long import COLUMNS, write_csv, write_parquet
from normlab.lab.experiment import Experiment
from normlab.lab.settings import change


def read_csv(raw):
    return list(csv.DictReader(io.StringIO(raw.decode())))


def test_csv_has_a_row_per_measured_number(pair):
    rows = read_csv(write_csv(pair))
    points = [(each.run.id, point) for each in pair for point in each.history.points]
    assert len(rows) == sum(len(point.metrics) - 1 for _, point in points)
    told = {(row["run"], int(row["epoch"]), row["metric"]): float(row["value"]) for row in rows}
    assert all(
        told[run, point.epoch, metric] == value
        for run, point in points
        for metric, value in point.metrics.items()
        if metric != "seconds"
    )


def test_settings_that_differ_are_columns(pair):
    rows = read_csv(write_csv(pair))
    assert (*rows[0],)[: len(COLUMNS)] == COLUMNS
    assert {"model.norm.kind", "model.norm.eps", "optimizer.lr"} <= {*rows[0]}
    assert "model.hidden" not in rows[0]
    assert {(row["arm"], row["model.norm.kind"], row["optimizer.lr"]) for row in rows} == {
        ("baseline", "none", "0.001"), ("batch norm", "batch", "0.01"),
    }  # fmt: skip


def test_numbers_that_are_not_finite_survive_csv(odd):
    values = [float(row["value"]) for row in read_csv(write_csv([odd])) if row["metric"] == "val_loss"]
    assert values[:3] == [0.5, math.inf, -math.inf]
    assert math.isnan(values[3])


def test_a_name_is_no_formula(odd):
    labels = {row["label"] for row in read_csv(write_csv([odd]))}
    assert all(label.startswith("'=HYPERLINK") for label in labels)


def test_parquet_holds_the_same_numbers_with_their_types(pair):
    table = parquet.read_table(io.BytesIO(write_parquet(pair)))
    rows = read_csv(write_csv(pair))
    assert table.column_names == [*rows[0]]
    for row, told in zip(table.to_pylist(), rows, strict=True):
        assert (row["run"], row["metric"], str(row["step"])) == (told["run"], told["metric"], told["step"])
        assert row["value"] == float(told["value"])
        assert row["optimizer.lr"] == float(told["optimizer.lr"])
        assert row["model.norm.kind"] == told["model.norm.kind"]
        assert row["model.norm.eps"] == (float(told["model.norm.eps"]) if told["model.norm.eps"] else None)


def test_parquet_keeps_what_is_not_finite_apart(odd):
    table = parquet.read_table(io.BytesIO(write_parquet([odd])))
    values = [row["value"] for row in table.to_pylist() if row["metric"] == "val_loss"]
    assert values[:3] == [0.5, math.inf, -math.inf]
    assert math.isnan(values[3])


def test_runs_without_points_leave_an_empty_table(scripted):
    nothing = scripted([])
    assert read_csv(write_csv([nothing])) == []
    assert parquet.read_table(io.BytesIO(write_parquet([nothing]))).num_rows == 0


def test_where_weights_came_from_is_a_column(scripted):
    runs = [scripted([0.5], "one"), scripted([0.5], "two", origin="one:best")]
    assert {(row["run"], row["origin"]) for row in read_csv(write_csv(runs))} == {
        ("one", ""),
        ("two", "one:best"),
    }
    table = parquet.read_table(io.BytesIO(write_parquet(runs)))
    assert {row["origin"] for row in table.to_pylist()} == {"", "one:best"}


def test_settings_are_uncut(scripted):
    def run(run_id, ending):
        path = f"/data/{'x' * 250}{ending}.csv"
        exhibit = scripted([0.5], run_id)
        own = {"dataset.kind": "file", "dataset.path": path, "dataset.target": "class"}
        exhibit.history.experiment = change(Experiment(), own)
        return exhibit

    rows = read_csv(write_csv([run("one", "a"), run("two", "b")]))
    assert {row["dataset.path"][-5:] for row in rows} == {"a.csv", "b.csv"}
