"""The metrics of a run: the same names in events, presets, charts and tables."""

import math
from collections.abc import Mapping
from typing import Literal, get_args

Metric = Literal[
    "train_loss", "val_loss", "train_accuracy", "val_accuracy", "train_rmse", "val_rmse", "val_ece",
]  # fmt: skip
"""What a run can be judged by."""
SCORES: tuple[str, ...] = get_args(Metric)

Direction = Literal["lower", "higher"]


def better(metric: str) -> Direction:
    """Tell which way a metric improves.

    >>> better("val_accuracy"), better("val_rmse")
    ('higher', 'lower')
    """
    return "higher" if metric.endswith("_accuracy") else "lower"


def improves(value: float, best: float | None, direction: Direction, min_delta: float = 0.0) -> bool:
    """Tell whether `value` beats `best` by more than `min_delta`; only what is finite does, even None.

    >>> improves(0.5, 0.6, "lower"), improves(0.55, 0.6, "lower", min_delta=0.1), improves(1.0, None, "lower")
    (True, False, True)
    """
    if not math.isfinite(value):
        return False
    if best is None:
        return True
    return value < best - min_delta if direction == "lower" else value > best + min_delta


def beats(metrics: Mapping[str, float], best: Mapping[str, float] | None, metric: Metric | None) -> bool:
    """Tell whether an evaluation is better than the best one before it, by a metric or the default one.

    >>> beats({"val_loss": 0.4}, {"val_loss": 0.5}, None), beats({"val_loss": float("nan")}, None, None)
    (True, False)
    """
    judged = metric or default_metric(metrics)
    before = best.get(judged) if best else None
    return improves(metrics.get(judged, math.nan), before, better(judged))


def default_metric(metrics: Mapping[str, float]) -> Metric:
    """Name the metric that picks the best epoch unless an experiment names one."""
    return "val_loss" if "val_loss" in metrics else "train_loss"
