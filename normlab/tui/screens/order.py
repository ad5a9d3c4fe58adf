"""What kept runs can be ordered by, and in which words."""

from normlab.lab.metrics import better
from normlab.store.filter_names import FIELDS, METRICS, find_metric, setting_paths

NEWEST = "-date"

_USUAL = {
    "number": "the order in which they were begun",
    "val_loss": "at the best epoch",
    "val_accuracy": "at the best epoch",
    "val_rmse": "at the best epoch",
    "last.val_loss": "at the last epoch",
    "name": "given by somebody",
    "dataset": "",
    "model": "",
    "norm": "",
    "optimizer": "",
    "lr": "",
}


def sorts() -> list[tuple[str, str, str]]:
    """List what runs can be ordered by, the usual first, as choices of a dialog."""
    names = dict.fromkeys((*_USUAL, *FIELDS, *METRICS, *setting_paths()))
    return [(name, name, _USUAL.get(name, "")) for name in names]


def is_metric(sort: str) -> bool:
    """Tell whether an order is that of a metric, which ranks the runs."""
    return find_metric(sort.removeprefix("-"))[1] is not None


def first_way(key: str) -> str:
    """Put that first which one looks for: the newest, the best."""
    _, metric = find_metric(key)
    down = key in ("number", "date") or (metric is not None and better(metric) == "higher")
    return f"-{key}" if down else key


def order_words(sort: str) -> str:
    """Say what runs are ordered by."""
    key, down = sort.removeprefix("-"), sort.startswith("-")
    if key in ("number", "date"):
        return "newest first" if down else "oldest first"
    return f"by {key}, {'largest' if down else 'smallest'} first"


def not_a_ranking(differing: list[str]) -> str:
    """Say why runs in the order of a metric aren't ranked by it, given the settings that differ."""
    names = {"dataset": "data sets", "loss": "losses"}
    what = dict.fromkeys(names.get(path.partition(".")[0], "metrics") for path in differing)
    return f"{' and '.join(what)} differ: not a ranking" if what else ""
