"""Spans of time, as they are typed."""

import pytest

from normlab.cli.durations import read_duration
from normlab.core.errors import ConfigError


@pytest.mark.parametrize("text", ["0", "-5", "1e3", "10 minutes", "nan", "", "9" * 400, "\x1b", "٣"])
def test_a_time_limit_that_is_none_is_refused(text):
    with pytest.raises(ConfigError, match="must be a span of time above 0; try 90, 10m or 2h"):
        read_duration(text, "--time-limit")
