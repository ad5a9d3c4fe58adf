"""Several claims in one study: p-values adjusted for how many there are."""

from collections.abc import Sequence


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p-values so that in at most `level` of studies any true null is rejected; order is kept.

    adjusted_(k) = max over j <= k of min(1, (m - j + 1) p_(j)), p sorted upwards

    Source: Holm, Scandinavian Journal of Statistics 6, 1979.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, highest = [1.0] * len(p), 0.0
    for rank, place in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        highest = max(highest, min(1.0, (len(p) - rank) * p[place]))
        adjusted[place] = highest
    return adjusted


def holm_level(p: Sequence[float], place: int, level: float) -> float:
    """Give the level that Holm's procedure holds the p-value at that place against.

    >>> holm_level([0.01, 0.04, 0.03], 2, 0.05)
    0.025
    """
    return level / sum(
        other > p[place] or (index >= place and other == p[place]) for index, other in enumerate(p)
    )
