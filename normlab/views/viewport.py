"""What stretch of the x axis is looked at, and where on it the cursor stands."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass
class Viewport:
    """A window and a cursor over the places where curves have points."""

    places: Sequence[float] = ()
    """In order."""
    cursor: float | None = None
    """One of the places; none is no cursor."""
    span: float | None = None
    """Length of the window; none looks at everything."""
    end: float | None = None
    """Where the window ends; none follows the newest place."""

    @property
    def window(self) -> tuple[float, float] | None:
        """The stretch that is looked at; none is all of it."""
        if self.span is None or not self.places:
            return None
        end = self.places[-1] if self.end is None else self.end
        return end - self.span, end

    @property
    def stretch(self) -> tuple[float, float]:
        """The same, everything spelt out."""
        return self.window or (self.places[0], self.places[-1])

    @property
    def seen(self) -> Sequence[float]:
        """The places in that stretch."""
        if not self.window:
            return self.places
        low, high = self.window
        return self.places[bisect_left(self.places, low) : bisect_right(self.places, high)]

    def reset(self) -> None:
        """Look at everything, without a cursor: the axis is another one."""
        self.cursor = self.span = self.end = None

    def follow(self, places: Sequence[float]) -> None:
        """Go on with other places; the cursor goes where its own is no longer there."""
        self.places = places
        if self.cursor is not None and self.cursor not in places:
            self.cursor = None

    def look(self, low: float, high: float) -> None:
        """Look at a stretch, or at the nearest one that has places."""
        first, last = self.places[0], self.places[-1]
        if high - low >= last - first:
            self.span = self.end = None
            return
        end = max(high, first + high - low)
        self.span, self.end = high - low, None if end >= last else end

    def zoom(self, factor: float) -> None:
        """Look at a stretch so many times as long, around the cursor or up to the same end.

        No closer than three places.
        """
        if not self.places:
            return
        low, high = self.stretch
        around = self.cursor if self.cursor is not None and low <= self.cursor <= high else high
        low, high = around - (around - low) * factor, around + (high - around) * factor
        if factor > 1 or bisect_right(self.places, high) - bisect_left(self.places, low) >= 3:
            self.look(low, high)

    def pan(self, share: float) -> None:
        """Move the window by a share of its length."""
        if self.window:
            low, high = self.window
            self.look(low + share * (high - low), high + share * (high - low))

    def put(self, x: float) -> None:
        """Put the cursor at the place nearest to x, and the window where it shows."""
        if not self.places:
            return
        self.cursor = x = min(self.places, key=lambda place: abs(place - x))
        low, high = self.stretch
        if x < low:
            self.look(x, x + high - low)
        elif x > high:
            self.look(x - (high - low), x)

    def edge(self, end: int) -> None:
        """Put the cursor at the first (0) or the last (-1) place that is looked at."""
        if self.places:
            self.put((self.seen or self.stretch)[end])

    def step(self, by: int, column: Callable[[float], int]) -> None:
        """Move the cursor back (-1) or on (1), to the next place that is drawn in another column."""
        if self.cursor is None:
            self.edge(-1)
            return
        if not self.places:
            return
        low, high = self.stretch
        here = self.cursor
        for x in self.places if by > 0 else reversed(self.places):
            if (x - here) * by > 0 and (column(x) != column(here) or not low <= x <= high):
                self.put(x)
                return
