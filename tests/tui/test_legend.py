"""The legend below the charts."""

import math

import pytest
from support.charts import SETTINGS, ChartApp, session_of

from normlab.tui.widgets.legend import legend, number, place


@pytest.mark.asyncio
async def test_the_legend_counts_what_it_does_not_name():
    session = session_of(*({"seed": seed} for seed in range(9)))
    app = ChartApp(session)
    async with app.run_test(size=(80, 32)) as pilot:
        await pilot.pause()
        assert len(app.legend) == 7
        assert app.legend[-1] == "+3 more"


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [40, 60, 100])
async def test_the_legend_is_aligned_and_fits(width):
    session = session_of(*SETTINGS)
    app = ChartApp(session)
    async with app.run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        assert max(map(len, app.legend)) <= width
        assert len({line.index("completed") for line in app.legend if "completed" in line}) <= 1
        assert len({line.index(" / ") for line in app.legend}) == 1


def test_numbers_stay_short():
    for value in (
        0.0,
        1.0,
        -1.0,
        0.001,
        999.9,
        999.96,
        1000.0,
        123456.7,
        3e38,
        -2e-30,
        math.nan,
        math.inf,
        None,
    ):
        assert len(number(value, 4)) <= 8, value
    assert (place(1200), place(0.25), place(3.0)) == ("1,200", "0.25", "3")


def test_a_legend_of_nothing_is_empty():
    assert legend([], 80, 6, ascii=False).plain == ""
