import pytest
from hypothesis import given
from hypothesis import strategies as st

from normlab.analysis.holm import holm, holm_level

P = st.lists(st.floats(0, 1), max_size=12)


def test_it_is_statsmodels_multipletests():
    # statsmodels 0.15, multipletests([0.01, 0.04, 0.03, 0.005, 0.2], method="holm")
    assert holm([0.01, 0.04, 0.03, 0.005, 0.2]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.2])


@given(P)
def test_adjusted_values_keep_their_order_and_lie_between_the_value_and_bonferroni(p):
    adjusted = holm(p)
    for one, other in zip(p, adjusted, strict=True):
        assert one <= other <= min(1, len(p) * one) or one == other
    ranked = sorted(range(len(p)), key=lambda place: p[place])
    assert [adjusted[place] for place in ranked] == sorted(adjusted)


@given(P.filter(len))
def test_the_smallest_p_is_held_against_level_over_m(p):
    place = p.index(min(p))
    assert holm_level(p, place, 0.05) == 0.05 / len(p)


def test_one_claim_is_left_as_it_is():
    assert holm([0.02]) == [0.02]
    assert holm([]) == []
