import pytest

from normlab.store.store import Store


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NORMLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def store(home):
    store = Store(home)
    yield store
    store.close()
