import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.views.viewport import Viewport


def over(*places, **how):
    return Viewport(list(places), **how)


def column(x):
    """Two places a column."""
    return int(x // 2)


def test_everything_is_looked_at_until_somebody_zooms():
    view = over(*range(1, 11))
    assert (view.window, view.stretch, list(view.seen)) == (None, (1, 10), list(range(1, 11)))


def test_zooming_in_keeps_the_end_and_follows_it():
    view = over(*range(1, 10))
    view.zoom(0.5)
    assert view.window == (5, 9)
    view.places = list(range(1, 12))
    assert view.window == (7, 11), "as the run goes on"


def test_zooming_in_keeps_the_cursor_where_it_is_on_the_screen():
    view = over(*range(1, 10), cursor=3)
    view.zoom(0.5)
    assert view.window == (2, 6)
    view.places = list(range(1, 12))
    assert view.window == (2, 6)


def test_zooming_in_stops_at_three_places():
    view = over(*range(1, 10))
    for _ in range(9):
        view.zoom(0.5)
    assert len(view.seen) == 3


def test_zooming_out_ends_with_everything():
    view = over(*range(1, 10), cursor=3)
    view.zoom(0.5)
    view.zoom(2)
    assert view.window is None


def test_panning_stops_at_both_ends_and_follows_again_at_the_last():
    view = over(*range(1, 18))
    view.pan(-0.25)
    assert view.window is None, "nothing to pan"
    view.zoom(0.5)
    view.pan(-0.25)
    assert view.window == (7, 15)
    for _ in range(5):
        view.pan(-0.25)
    assert view.window == (1, 9)
    for _ in range(9):
        view.pan(0.25)
    assert (view.window, view.end) == ((9, 17), None)


def test_the_cursor_goes_to_the_nearest_place():
    view = over(1, 5, 10)
    view.put(6.9)
    assert view.cursor == 5


@pytest.mark.parametrize(("x", "window"), [(2, (2, 6)), (16, (12, 16))])
def test_the_window_goes_along_with_the_cursor(x, window):
    view = over(*range(1, 18), span=4, end=10)
    view.put(x)
    assert (view.cursor, view.window) == (x, window)


def test_a_step_goes_to_the_next_column_that_has_a_place():
    view = over(*range(10))
    view.step(1, column)
    assert view.cursor == 9, "the newest first"
    view.step(1, column)
    assert view.cursor == 9
    view.step(-1, column)
    assert view.cursor == 7
    view.put(0)
    view.step(-1, column)
    assert view.cursor == 0


def test_a_step_leaves_the_window_and_takes_it_along():
    view = over(*range(20), span=4, end=10, cursor=10)
    view.step(1, lambda x: min(int(x), 10))
    assert (view.cursor, view.window) == (11, (7, 11))


def test_the_edges_are_those_of_the_window():
    view = over(*range(20), span=4, end=10)
    view.edge(0)
    assert view.cursor == 6
    view.edge(-1)
    assert view.cursor == 10


def test_another_axis_starts_afresh():
    view = over(*range(20), span=4, end=10, cursor=8)
    view.reset()
    assert view == over(*range(20))


def test_the_cursor_goes_with_its_place():
    view = over(1, 2, 3, cursor=2)
    view.follow([1, 2, 3, 4])
    assert view.cursor == 2
    view.follow([1, 3])
    assert view.cursor is None


ACTIONS = st.sampled_from([
    ("zoom", 0.5), ("zoom", 2), ("pan", 0.25), ("pan", -0.25), ("step", 1, int), ("step", -1, int),
    ("edge", 0), ("edge", -1), ("put", 3.3),
])  # fmt: skip


@given(st.lists(st.integers(0, 50), unique=True), st.lists(ACTIONS))
def test_whatever_is_pressed_stays_within_the_places(places, actions):
    view = over(*sorted(places))
    for name, *arguments in actions:
        getattr(view, name)(*arguments)
        if places:
            low, high = view.stretch
            assert min(places) - 1e-9 <= low <= high <= max(places) + 1e-9
            assert view.cursor is None or view.cursor in places
        else:
            assert view.cursor is view.window is None
