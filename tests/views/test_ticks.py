import math

from hypothesis import example, given
from hypothesis import strategies as st

from normlab.views.ticks import log_ticks, value_ticks, whole_ticks

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_whole_ticks_are_few_and_within_the_chart(low, length):
    ticks = whole_ticks(low, low + length)
    assert 1 <= len(ticks) <= 9
    assert ticks == sorted(set(ticks))
    assert all(low <= tick <= low + length for tick in ticks)


@given(st.floats(-45, 20), st.floats(0, 20))
def test_logarithmic_ticks_are_two_or_more_within_the_chart(low, length):
    ticks = log_ticks(low, low + length)
    assert len(ticks) >= 2
    assert all(low - 1e-6 <= math.log10(tick) <= low + length + 1e-6 for tick in ticks)


def test_labels_of_values_stay_short_and_tell_them_apart():
    for low, high in ((0.69314, 0.69316), (-1e-9, 3e38), (5.0, 5.0)):
        ticks, labels = value_ticks(low, high)
        assert len(set(labels)) == len(ticks)
        assert max(map(len, labels)) <= 10


@given(finite, finite)
@example(3e-05, 3.0000000000000004e-05)
@example(-1.7e308, 1.7e308)
@example(0.0, 5e-324)
def test_any_two_values_have_ticks_between_them(one, other):
    low, high = sorted((one, other))
    ticks, labels = value_ticks(low, high)
    assert 1 <= len(ticks) == len(labels) <= 8
    room = 1e-6 * (high / 2 - low / 2) + 1e-300
    assert all(low - room <= tick <= high + room for tick in ticks)


@given(*[st.floats(math.log10(5e-324), math.log10(1.7976931348623157e308))] * 2)
@example(math.log10(5e-324), 0.0)
@example(*[math.log10(1.7976931348623157e308)] * 2)
def test_logarithmic_ticks_are_numbers_above_zero(one, other):
    assert all(0 < tick < math.inf for tick in log_ticks(*sorted((one, other))))
