import math
import os

import pytest

from normlab.exports.formats import FORMATS
from normlab.exports.mlflow import fill_mlflow

pytestmark = [
    pytest.mark.skipif(FORMATS["mlflow"].missing, reason="needs normlab[mlflow]"),
    pytest.mark.slow,  # MLflow makes its tables in two seconds
    pytest.mark.filterwarnings("ignore:The ``noload`` loader"),
]


@pytest.fixture
def read(monkeypatch):
    """Open a store with MLflow's own client, and give its runs by our ids."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    clients = []

    def runs(folder):
        from mlflow import MlflowClient

        client = MlflowClient(f"sqlite:///{folder / 'mlflow.db'}")
        clients.append(client)
        experiment = client.get_experiment_by_name("normlab")
        found = client.search_runs([experiment.experiment_id])
        return client, {run.data.tags["normlab.run"]: run for run in found}

    yield runs
    for client in clients:
        client._tracking_client.store.engine.dispose()


def test_runs_come_back_with_settings_and_metrics(tmp_path, pair, read, offline, capfd):
    before = dict(os.environ)
    fill_mlflow(pair, tmp_path)
    assert dict(os.environ) == before
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]
    client, runs = read(tmp_path)
    assert {*runs} == {"aaa111", "bbb222"}
    for exhibit in pair:
        run = runs[exhibit.run.id]
        assert (run.info.run_name, run.info.status) == (exhibit.label, "FINISHED")
        assert run.data.params["optimizer.lr"] == str(exhibit.history.experiment.optimizer.lr)
        told = client.get_metric_history(run.info.run_id, "val_loss")
        assert [(metric.step, metric.value) for metric in told] == [
            (point.step, point.metrics["val_loss"]) for point in exhibit.history.points
        ]
        assert run.data.metrics["best/val_loss"] == exhibit.history.best.metrics["val_loss"]


def test_hostile_names_and_odd_numbers_come_back(tmp_path, odd, read):
    fill_mlflow([odd], tmp_path)
    client, runs = read(tmp_path)
    told = client.get_metric_history(runs["ccc333"].info.run_id, "val_loss")
    values = [metric.value for metric in sorted(told, key=lambda metric: metric.step)]
    assert values[0] == 0.5
    assert values[1] > 1e308  # its largest stands for infinity
    assert values[2] < -1e308
    assert math.isnan(values[3])
    assert runs["ccc333"].info.run_name == odd.label
    assert "\x1b" not in runs["ccc333"].data.tags["mlflow.note.content"]


def test_many_points_and_a_run_under_way_are_kept(tmp_path, scripted, read):
    run = scripted([1 / (1 + epoch) for epoch in range(1500)], outcome=None, finished=None)
    fill_mlflow([run], tmp_path)
    client, runs = read(tmp_path)
    assert len(client.get_metric_history(runs["ccc333"].info.run_id, "val_loss")) == 1500
    assert runs["ccc333"].info.status == "RUNNING"
