import json
import math
import socket

import pytest
from support.runs import experiment

from normlab.engine.events import Measured
from normlab.engine.loop import run
from normlab.exports.exhibit import Exhibit
from normlab.lab.settings import to_tree
from normlab.store.kept import KeptRun
from normlab.views.history import History

HOSTILE = '=HYPERLINK("http://a.example")<script>document.title="owned"</script>|[x](javascript:y)$\\frac{'


def _exhibit(run_id, history, folder, **facts):
    known = {
        "id": run_id, "number": 1, "arm": history.arm, "seed": history.experiment.seed,
        "experiment_json": json.dumps(to_tree(history.experiment)), "folder": folder, "created": 1.7e9,
        "finished": 1.7e9 + history.seconds, "outcome": history.outcome, "reason": history.reason,
        "device": history.device, "num_parameters": history.num_parameters, "num_steps": history.num_steps,
        "epoch": history.epoch, "step": history.step, "seconds": history.seconds, "best": history.best,
        "last": history.last, "environment": {"torch": "2.15.0"},
    }  # fmt: skip
    return Exhibit(KeptRun(**{**known, **facts}), history)


@pytest.fixture(scope="session")
def train(tmp_path_factory):
    """Train a tiny run, and give it as an exhibit."""

    def trained(run_id, settings=None, arm="baseline", own=None, **facts):
        folder = tmp_path_factory.mktemp("runs") / run_id
        history = History(arm, own or experiment(settings))
        for event in run(history.experiment, device="cpu", folder=folder, arm=arm, run_id=run_id):
            history.fold(event)
        return _exhibit(run_id, history, folder, **facts)

    return trained


@pytest.fixture(scope="session")
def pair(train):
    """A baseline, and the same with another norm and a learning rate of its own."""
    other = {"model.norm.kind": "batch", "optimizer.lr": 0.01}
    return [
        train("aaa111", tags=("paper",), note="First.\nSecond."),
        train("bbb222", other, arm="batch norm"),
    ]


@pytest.fixture
def scripted(tmp_path):
    """Give an exhibit of values that never came from a training."""

    def exhibit(losses, run_id="ccc333", settings=None, arm="baseline", **facts):
        history = History(arm, experiment(settings))
        for epoch, loss in enumerate(losses, start=1):
            metrics = {"train_loss": loss, "val_loss": loss, "lr": 0.1, "seconds": 0.5 * epoch}
            history.fold(Measured(run=run_id, epoch=epoch, step=7 * epoch, metrics=metrics))
        history.outcome = "completed"
        return _exhibit(run_id, history, tmp_path / run_id, **facts)

    return exhibit


@pytest.fixture
def odd(scripted):
    """Values that are not finite, under a name, a tag and a note that mean harm."""
    facts = {"name": HOSTILE, "tags": (HOSTILE,), "note": f"{HOSTILE}\n\x1b[31m# head", "reason": HOSTILE}
    return scripted([0.5, math.inf, -math.inf, math.nan], **facts)


@pytest.fixture
def offline(monkeypatch):
    """Refuse connections beyond this machine; children that heed proxies meet a listener, which counts."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    connect = socket.socket.connect

    def local(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"reaches out to {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local)
    port = listener.getsockname()[1]
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
    yield
    with listener:
        try:
            caller, _ = listener.accept()
        except TimeoutError:
            return
        with caller:
            caller.settimeout(1)
            raise AssertionError(f"reaches out: {caller.recv(200)}")
