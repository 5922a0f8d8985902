"""A session on a real server."""

from decimal import Decimal

import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError

from ratings.db.engine import create_engine, is_writable


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("TimeZone", "UTC"),
        ("transaction_isolation", "read committed"),
        ("random_page_cost", "1.1"),
        ("lock_timeout", "30s"),
        ("statement_timeout", "5min"),
    ],
)
def test_a_session_has_the_settings_that_the_code_relies_on(database, setting, value):
    with database.connect() as connection:
        assert connection.scalar(text(f"SHOW {setting}")) == value


def test_a_server_that_takes_no_writes_is_not_writable(database):
    assert is_writable(database)
    reader = create_engine(
        database.url.update_query_dict(
            {"options": "-c default_transaction_read_only=on"}
        ).render_as_string(hide_password=False)
    )
    assert not is_writable(reader)
    reader.dispose()


def test_numbers_come_back_from_jsonb_as_they_went_in(database):
    sent = {"gib": Decimal("0.1"), "count": 3, "many": [Decimal("1E-12"), 2**70]}
    statement = text("SELECT CAST(:body AS jsonb) AS body").bindparams(
        bindparam("body", type_=JSONB)
    )
    with database.connect() as connection:
        body = connection.execute(statement.columns(body=JSONB), {"body": sent}).scalar_one()
    assert body == sent
    assert [type(number) for number in (body["gib"], body["count"])] == [Decimal, int]


def test_options_of_the_url_are_kept(database):
    url = database.url.update_query_dict({"options": "-c work_mem=7MB"})
    engine = create_engine(url.render_as_string(hide_password=False))
    with engine.connect() as connection:
        assert connection.scalar(text("SHOW work_mem")) == "7MB"
        assert connection.scalar(text("SHOW TimeZone")) == "UTC"
    engine.dispose()


def test_who_waits_too_long_for_a_lock_gives_up(database):
    impatient = create_engine(
        database.url.render_as_string(hide_password=False), lock_timeout=1, statement_timeout=60
    )
    with database.begin() as holder, impatient.connect() as waiter:
        holder.execute(text("LOCK TABLE resources"))
        with pytest.raises(OperationalError, match="lock timeout"):
            waiter.execute(text("SELECT count(*) FROM resources"))
    impatient.dispose()
