import os

# One thread a worker: the suite runs in parallel, and results depend on the thread count.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

settings.register_profile("normlab", deadline=None)  # machines are noisy
settings.load_profile("normlab")


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="Torture the store at full length: make torture.")


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    """No test reads or writes the home of whoever runs it."""
    monkeypatch.setenv("NORMLAB_HOME", str(tmp_path / "home"))
