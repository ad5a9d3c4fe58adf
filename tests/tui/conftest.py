import pytest
from support.charts import SETTINGS, session_of

from normlab.tui.app import LabApp
from normlab.tui.widgets import chart_canvas


@pytest.fixture
def no_torch(monkeypatch):
    """Keep the app from importing torch: its training is a script."""

    def load(app):
        app.bench.session.note = ""
        app.bench.session.touch()

    monkeypatch.setattr(LabApp, "_load_torch", load)


@pytest.fixture
def two():
    """A session with two runs of eight epochs, the second with LayerNorm."""
    return session_of(*SETTINGS[:2])


@pytest.fixture
def clock(monkeypatch):
    """A clock for the charts' canvas that stands still until it is told otherwise."""
    now = [1000.0]
    monkeypatch.setattr(chart_canvas, "monotonic", lambda: now[0])
    return now
