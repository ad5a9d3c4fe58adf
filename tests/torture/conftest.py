"""Processes that are killed: at a size that fits here, in full by `make torture`."""

import time

import pytest

from normlab.store.sweep import open_swept


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NORMLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def times(request):
    """How often: `times(20, 1000)` is 20, and 1,000 with --full."""
    return lambda here, full: full if request.config.getoption("--full") else here


@pytest.fixture
def opened(home):
    """Open the store for a moment: it must not be open where a process is forked."""

    class Opened:
        def __enter__(self):
            began = time.monotonic()
            self.store = open_swept(home)
            self.store.seconds = time.monotonic() - began
            return self.store

        def __exit__(self, *exception):
            self.store.close()

    return Opened
