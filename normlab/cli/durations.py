"""Spans of time, as they are typed and roughly told."""

import re

from normlab.core.errors import ConfigError, Problem

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_TEXT = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)([smhd]?)", re.ASCII)


def read_duration(text: str, option: str) -> float:
    """Read a span in seconds from a number with s, m, h or d behind it; without one it is seconds.

    Raises: ConfigError naming the option.

    >>> read_duration("90", "--time-limit"), read_duration("1.5h", "--time-limit")
    (90.0, 5400.0)
    """
    found = _TEXT.fullmatch(text.strip())
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if seconds <= 0:
        raise ConfigError(Problem(option, "must be a span of time above 0", "try 90, 10m or 2h", text))
    return seconds


def roughly(seconds: float) -> str:
    """Write an estimate: no finer than it can be trusted.

    >>> roughly(0.4), roughly(42), roughly(200), roughly(5000)
    ('1 s', '40 s', '3 min', '1.4 h')
    """
    if seconds < 10:
        return f"{max(round(seconds), 1)} s"
    if seconds < 90:
        return f"{round(seconds, -1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 4800 else f"{seconds / 3600:.1f} h"
