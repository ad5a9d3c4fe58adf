"""Spans of time, written for people."""


def clock(seconds: float) -> str:
    """Write a span as minutes and seconds, with hours where there are any.

    >>> clock(75), clock(3725.4)
    ('1:15', '1:02:05')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def spent(seconds: float) -> str:
    """Write how long something took: with tenths below a minute.

    >>> spent(0.34), spent(75)
    ('0.3 s', '1:15')
    """
    return f"{seconds:.1f} s" if seconds < 59.95 else clock(seconds)
