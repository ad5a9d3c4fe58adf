"""Marks of runs: what tells them apart without colour. ASCII only, so that every font has them."""

MARKS = ("o", "x", "+", "*", "#", "%", "@", "&")


def mark_of(hue: int) -> str:
    """Give the mark of a run's hue, which shifts each time the hues begin again.

    >>> mark_of(0), mark_of(8), mark_of(63)
    ('o', 'x', '@')
    """
    return MARKS[(hue + hue // len(MARKS)) % len(MARKS)]
