"""Tenants have one currency each: set before they are billed, and fixed from then on."""

import random
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ratings import agreeing, orders, repricing, tenancy
from ratings.cmd import manage
from ratings.core.errors import Conflict, InvalidInput
from ratings.core.terms import Term
from ratings.db import spans, tenants
from ratings.db.reading import EVERYTHING
from ratings.rater import Rater
from ratings.tests import clouds
from ratings.tests.functional.test_orders import close
from ratings.tests.journals import instant, journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, empty, ledger, rate, rows, scalar

BOOK = [price("volume", "1"), price("volume", "3", currency="EUR")]
EURO = replace(SETTINGS, currency="EUR")


def bill_in(database, tenant_id, currency):
    return tenancy.set_currency(database, SETTINGS, tenant_id, currency)


def charged(database):
    return [(row[6], row[9], row[11]) for row in ledger(database)]


def test_what_a_tenant_has_used_is_rated_anew_in_its_currency(database):
    add_prices(database, BOOK)
    rate(database, journal("06:00 create size=1\n08:00 exists", "volume"))
    found = bill_in(database, "acme", "EUR")
    assert (found.currency, found.default, found.fixed) == ("EUR", False, False)
    rate(database, journal("10:00 exists id=later", "volume"))
    assert charged(database) == [("acme", "EUR", 6), ("acme", "EUR", 6)]
    assert close(database, "11:00").order.currency == "EUR"


def test_who_has_used_nothing_yet_may_have_a_currency(database):
    add_prices(database, BOOK)
    bill_in(database, "acme", "EUR")
    rate(database, journal("06:00 create size=1\n08:00 exists", "volume"))
    assert charged(database) == [("acme", "EUR", 6)]


def test_without_a_price_in_the_currency_usage_waits(database):
    add_prices(database, BOOK)
    rate(database, journal("06:00 create size=1\n08:00 exists", "volume"))
    bill_in(database, "acme", "CHF")
    assert charged(database) == [("acme", "CHF", None)]
    repricing.add(database, SETTINGS, price("volume", "2", currency="CHF"))
    assert charged(database) == [("acme", "CHF", 4)]


def test_what_the_tenant_gave_away_is_rated_anew_and_what_others_used_is_not(database):
    add_prices(database, BOOK)
    text = "06:00 create size=1\n08:00 transfer tenant=globex\n09:00 exists tenant=globex"
    rate(database, journal(text, "volume"))
    bill_in(database, "acme", "EUR")
    assert charged(database) == [("acme", "EUR", 6), ("globex", "USD", 1)]


def test_who_has_orders_keeps_the_currency(database):
    add_prices(database, BOOK)
    rate(database, journal("06:00 create size=1", "volume"))
    close(database, "08:00")
    with pytest.raises(Conflict, match="acme has sales orders in USD") as refusal:
        bill_in(database, "acme", "EUR")
    assert refusal.value.code == "currency_fixed"
    for _ in range(2):
        assert bill_in(database, "acme", "USD").fixed
    assert rows(database, "SELECT tenant_id, currency FROM tenants") == [("acme", "USD")]


def test_who_has_orders_keeps_the_currency_when_the_default_becomes_another(database):
    add_prices(database, BOOK)
    rate(database, journal("06:00 create size=1 at=a id=a", "volume"))
    close(database, "08:00")
    newer = Rater(database, EURO, clock=lambda: NOW)
    order = orders.close(database, newer, "acme", instant("10:00"), NOW).order
    assert (order.currency, order.total) == ("USD", 2)
    with database.connect() as conn:
        assert tenants.currencies(conn, "EUR") == {"acme": "USD"}


def test_no_order_adds_up_two_currencies(database):
    """The default became another before the tenant was billed for the first time."""
    add_prices(database, BOOK)
    rate(database, journal("06:00 create size=1 id=a\n07:00 exists id=b", "volume"))
    newer = Rater(database, EURO, clock=lambda: NOW)
    scope = (), (EVERYTHING,)
    for issue, whose in zip((orders.close, orders.draft), scope, strict=True):
        with pytest.raises(
            Conflict, match="acme is billed in EUR, but has usage in USD"
        ) as refusal:
            issue(database, newer, *whose, "acme", instant("10:00"), NOW)
        assert refusal.value.code == "currency_mixed"
    tenancy.set_currency(database, EURO, "acme", "EUR")
    order = orders.close(database, newer, "acme", instant("10:00"), NOW).order
    assert (order.currency, order.total) == ("EUR", 12)


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "E1R", "€€€", "ЕUR"])
def test_a_currency_is_three_capital_letters(database, currency):
    with pytest.raises(InvalidInput) as refusal:
        bill_in(database, "acme", currency)
    assert refusal.value.code == "currency_invalid"
    assert scalar(database, "SELECT count(*) FROM tenants") == 0


def test_tenants_are_listed_page_by_page(database):
    for number in range(5):
        text = f"06:00 create size=1 tenant=t{number} at=v{number} id=e{number}"
        rate(database, journal(f"{text}\n", "volume"))
    rate(database, journal("07:00 transfer tenant=t9 at=v3 id=sold", "volume"))
    bill_in(database, "t5", "EUR")
    found, after = [], None
    with database.connect() as conn:
        while page := tenants.page(conn, "USD", limit=2, after=after):
            found += [(row.tenant_id, row.currency, row.default) for row in page]
            after = found[-1][0]
    plain = [(f"t{number}", "USD", True) for number in (0, 1, 2, 3, 4)]
    assert found == [*plain, ("t5", "EUR", False), ("t9", "USD", True)]


def test_spans_of_a_resource_are_never_sums_of_two_currencies(database):
    add_prices(database, BOOK)
    bill_in(database, "acme", "EUR")
    text = "06:00 create size=1\n08:00 transfer tenant=globex\n09:00 exists tenant=globex"
    rate(database, journal(text, "volume"))
    with database.connect() as conn:
        found = spans.page(conn, EVERYTHING, 1, after=None, limit=10)
    assert [(row.currency, row.consumption) for row in found] == [("EUR", 6), ("USD", 1)]


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(clouds.events(), clouds.prices(), clouds.prices(), st.integers(0, 2**32))
def test_whenever_a_currency_is_set_the_ledger_is_as_if_it_had_always_been(
    database, events, dollars, euros, seed
):
    chance = random.Random(seed)
    euros = [replace(one, currency="EUR", unit_price=one.unit_price + 1) for one in euros]
    todo = [("price", one) for one in dollars + euros] + [("event", one) for one in events]
    chance.shuffle(todo)
    place = chance.randint(0, len(todo))
    later = [*todo[:place], ("tenant", "acme"), *todo[place:]]
    first = [("tenant", "acme"), *todo]
    assert ledger_of(database, later) == ledger_of(database, first)


def ledger_of(database, todo):
    empty(database)
    for what, thing in todo:
        if what == "price":
            add_prices(database, [thing])
        elif what == "event":
            rate(database, [thing])
        else:
            bill_in(database, thing, "EUR")
    return ledger(database)


def test_an_order_and_a_currency_that_come_at_once_agree(database):
    add_prices(database, BOOK)
    for number in range(6):
        tenant = f"t{number}"
        rate(
            database,
            journal(f"06:00 create size=1 tenant={tenant} at={tenant} id={tenant}", "volume"),
        )
        refused, ready = [], threading.Barrier(2)

        def change(tenant=tenant, refused=refused, ready=ready):
            ready.wait()
            try:
                bill_in(database, tenant, "EUR")
            except Conflict as refusal:
                refused.append(refusal.code)

        changing = threading.Thread(target=change)
        changing.start()
        ready.wait()
        order = close(database, "08:00", tenant).order
        changing.join()
        assert (order.currency, refused) in (("EUR", []), ("USD", ["currency_fixed"]))
        assert order.total == {"EUR": 6, "USD": 2}[order.currency]


def test_a_price_for_a_tenant_is_meant_in_its_currency(client):
    assert client.put("/v1/tenants/acme", json={"currency": "EUR"}).status_code == 200
    for tenant_id, currency in (("acme", "EUR"), ("globex", "USD"), (None, "USD")):
        body = {"resource_type": "volume", "unit_price": 1, "tenant_id": tenant_id}
        assert client.post("/v1/prices", json=body).json()["currency"] == currency


def test_a_resource_that_was_sold_shows_each_currency_apart(client):
    client.put("/v1/tenants/acme", json={"currency": "EUR"})
    for currency in ("EUR", "USD"):
        body = {"resource_type": "volume", "unit_price": "0.1", "currency": currency}
        client.post("/v1/prices", json=body)
    event = {
        "resource_id": "v",
        "resource_type": "volume",
        "event_type": "create",
        "event_time": "2026-01-31T00:00:00Z",
        "region": "RegionOne",
        "tenant_id": "acme",
        "content": {"size": 10},
    }
    sold = {"event_type": "transfer", "tenant_id": "globex", "event_time": "2026-01-31T06:00:00Z"}
    heard = {"event_type": "exists", "tenant_id": "globex", "event_time": "2026-01-31T07:00:00Z"}
    for change in ({}, sold, heard):
        assert client.post("/v1/events", json=event | change).status_code == 202
    found = client.get("/v1/resources/v").json()
    assert (found["currency"], found["consumption"], found["accrued"]) == ("USD", 1, 17)
    assert found["other_currencies"] == [{"currency": "EUR", "consumption": 6}]
    told = client.get("/v1/records/v").json()["records"]
    assert [(row["currency"], row["consumption"]) for row in told] == [("EUR", 6), ("USD", 1)]


def test_commands_set_and_list_currencies(database, monkeypatch, capsys):
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    rate(database, journal("06:00 create size=1 tenant=globex", "volume"))
    close(database, "08:00", "globex")
    assert manage.main(["tenants", "set", "acme", "--currency", "EUR"]) == 0
    assert manage.main(["tenants", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "acme is billed in EUR.",
        "acme EUR",
        "globex USD default fixed",
    ]
    with pytest.raises(SystemExit):
        manage.main(["tenants", "set", "globex", "--currency", "EUR"])
    assert capsys.readouterr().err.startswith("ratings-manage: globex has sales orders in USD")


def test_a_book_without_currencies_takes_those_of_the_tenants(
    database, monkeypatch, tmp_path, capsys
):
    url = database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    bill_in(database, "acme", "EUR")
    book = tmp_path / "book.csv"
    book.write_text("resource_type,unit_price,tenant_id\nvolume,1,acme\nvolume,1,\n")
    assert manage.main(["prices", "import", str(book)]) == 0
    assert rows(database, "SELECT tenant_id, currency FROM prices ORDER BY 1 DESC") == [
        ("acme", "EUR"),
        ("", "USD"),
    ]


def test_a_period_that_others_were_billed_for_is_not_touched_by_a_currency(database):
    """Of a resource that was sold, only what its seller used is rated anew."""
    add_prices(database, BOOK)
    text = "06:00 create size=1\n08:00 transfer tenant=globex\n09:00 exists tenant=globex"
    rate(database, journal(text, "volume"))
    issued = close(database, "12:00", "globex")
    bill_in(database, "acme", "EUR")
    assert close(database, "13:00", "globex").order.total == 1
    assert issued.order.end + timedelta(hours=1) == instant("13:00")
    assert close(database, "13:00").order.total == Decimal(6)


def test_terms_in_another_currency_have_to_go_first(database):
    credit = Term(0, "credit", Decimal(5), "welcome", "acme", None, "USD")
    agreed = agreeing.add(database, SETTINGS, credit)
    with pytest.raises(Conflict, match="terms of acme are in another currency"):
        bill_in(database, "acme", "EUR")
    agreeing.withdraw(database, agreed.term.id, NOW)
    bill_in(database, "acme", "EUR")
