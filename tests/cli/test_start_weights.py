"""Which kept weights are meant by ID, ID:best or ID:last."""

import pytest

from normlab.cli.start_weights import find_weights
from normlab.core.errors import ConfigError
from normlab.store.store import open_store


def test_weights_are_named_by_run_and_word(keep):
    store = open_store()
    folder = store.runs / keep()
    for name in ("best", "last"):
        (folder / f"{name}.safetensors").write_bytes(b"")
    assert find_weights(store, "aaa").origin == "aaaaaa:best"
    assert find_weights(store, "aaa:last").path == folder / "last.safetensors"
    for text in ("aaa:worst", "aaa:", "aaa:best:last", "aaa:../../x"):
        with pytest.raises(ConfigError, match="must be ID, ID:best or ID:last"):
            find_weights(store, text)
    (folder / "last.safetensors").unlink()
    with pytest.raises(ConfigError, match="run aaaaaa has no last weights"):
        find_weights(store, "aaa:last")
