"""Forecasts on histories that were made up: nearer to the truth than a straight line."""

from fractions import Fraction

import pytest

from ratings.tests.backtest import KINDS, errors, median

#: Median errors in percent that a forecast must not exceed; the figures of the documentation are
#: of more tenants, and lower.
BOUNDS = {
    ("month", Fraction(1, 4)): 10,
    ("month", Fraction(1, 2)): 6,
    ("month", Fraction(3, 4)): 2,
    ("week", Fraction(1, 2)): 5,
    ("day", Fraction(1, 2)): 5,
    ("hour", Fraction(1, 2)): 1,
}


@pytest.fixture(scope="module")
def found():
    return errors(range(4))


def test_every_kind_of_tenant_is_foreseen(found):
    for ours, lines in found.values():
        assert set(ours) == set(lines) == {kind.__name__ for kind in KINDS}


@pytest.mark.parametrize(("of", "bound"), BOUNDS.items(), ids=str)
def test_a_forecast_is_about_right_and_better_than_a_straight_line(found, of, bound):
    ours, lines = found[of]
    assert median(ours) <= bound
    assert median(ours) <= median(lines)
