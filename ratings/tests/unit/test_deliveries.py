"""How long deliveries wait, and what an order is recognised by."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ratings.core.deliveries import Patience, key, pause

PATIENCE = Patience(timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=3))
MINUTE = timedelta(minutes=1)


def test_each_pause_is_about_twice_as_long_as_the_one_before_up_to_the_longest():
    pauses = [pause(PATIENCE, 7, "odoo", attempts) for attempts in range(1, 12)]
    whole = [min(MINUTE * 2**n, timedelta(hours=1)) for n in range(11)]
    assert all(0.75 * full <= found <= full for found, full in zip(pauses, whole, strict=True))


@given(st.integers(1, 10**9), st.integers(1, 2**31 - 1))
def test_no_pause_is_shorter_than_three_quarters_of_the_first_or_longer_than_the_longest(
    order_id, attempts
):
    found = pause(PATIENCE, order_id, "tryton", attempts)
    assert 0.75 * MINUTE <= found <= timedelta(hours=1)
    assert found == pause(PATIENCE, order_id, "tryton", attempts)


def test_what_failed_together_is_not_tried_again_together():
    assert len({pause(PATIENCE, order_id, "odoo", 1) for order_id in range(100)}) > 50


def test_the_key_of_an_order_says_which_one_it_is_and_what_it_was():
    assert key(12, "ab" * 32) == "ratings-12-abababababababab"
    assert key(12, "cd" * 32) != key(12, "ab" * 32)
