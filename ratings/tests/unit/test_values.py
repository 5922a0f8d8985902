"""Single values of bodies and queries: exact, bounded, and as JSON Schema has them."""

from decimal import Decimal

import pytest

from ratings.api.values import LARGEST, Whole


@pytest.mark.parametrize("value", [1, "1", "01", Decimal("1.0"), Decimal("1"), Decimal("10E-1")])
def test_a_whole_number_may_be_written_in_several_ways(value):
    found = Whole().validate(value)
    assert (found, type(found)) == (1, int)


@pytest.mark.parametrize(
    "value",
    [
        *(True, None, "", "1.0", "one", [1], LARGEST + 1, -1),
        *map(Decimal, ("1.5", "1e19", "1e999999999", "1e-999999999", f"{'9' * 39}.5", "-1.0")),
    ],
)
def test_what_is_no_whole_number_or_out_of_range_is_refused(value):
    with pytest.raises(ValueError, match="must be"):
        Whole().validate(value)
