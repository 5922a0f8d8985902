"""The URL of a database, and numbers on their way through jsonb."""

from decimal import Decimal

import pytest

from ratings.db.engine import UnsupportedDatabase, create_engine, from_json, normalise, to_json


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_postgresql_url_is_reached_with_psycopg_3(scheme):
    assert normalise(f"{scheme}://ada:s3cret@db/ratings").drivername == "postgresql+psycopg"


@pytest.mark.parametrize("scheme", ["mysql", "sqlite", "postgresql+psycopg2"])
def test_another_database_or_driver_is_refused(scheme):
    with pytest.raises(UnsupportedDatabase, match="psycopg 3"):
        create_engine(f"{scheme}://ada:s3cret@db/ratings")


def test_a_refusal_does_not_tell_the_password():
    with pytest.raises(UnsupportedDatabase) as refused:
        create_engine("ada:s3cret@db/ratings")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("text", ["0.10", "1234567890123456789012345678.000000000001", "-0.3"])
def test_a_number_with_a_fraction_keeps_every_digit(text):
    assert from_json(text) == Decimal(text)
    assert to_json(from_json(text)) == text


@pytest.mark.parametrize("text", ["0", "18446744073709551616", "-7"])
def test_an_integer_stays_an_integer(text):
    assert type(from_json(text)) is int
    assert to_json(from_json(text)) == text
