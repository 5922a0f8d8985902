"""The Python client knows all of the API, and what it makes of JSON is exact."""

import dataclasses
import inspect
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import get_args, get_type_hints

import pytest
import wsme.types
from hypothesis import given
from hypothesis import strategies as st

from ratings.client import wire
from ratings.client.budgets import BudgetAlerts, Budgets
from ratings.client.collect import Collections
from ratings.client.connection import File
from ratings.client.discrepancies import Discrepancies
from ratings.client.errors import NotFound, Refused, ServerFailed, Unavailable, refusal
from ratings.client.events import Events, ParkedEvents, Samples
from ratings.client.forecast import Forecasts
from ratings.client.prices import Price, Prices
from ratings.client.records import Records
from ratings.client.resources import Resources
from ratings.client.sales_orders import SalesDrafts, SalesOrders
from ratings.client.status import Spool, Statuses
from ratings.client.tenants import Tenants
from ratings.client.terms import Terms
from ratings.client.usage import Summaries, Usages
from ratings.tests.unit.test_documentation import attributes, literals, page, urls

METHODS = {
    "GET /v1/budget_alerts": BudgetAlerts.list,
    "GET /v1/budgets": Budgets.list,
    "POST /v1/budgets": Budgets.create,
    "GET /v1/budgets/{}": Budgets.get,
    "DELETE /v1/budgets/{}": Budgets.delete,
    "GET /v1/collect": Collections.list,
    "POST /v1/collect": Collections.create,
    "GET /v1/discrepancies": Discrepancies.list,
    "GET /v1/events": Events.list,
    "POST /v1/events": Events.post,
    "GET /v1/forecast": Forecasts.get,
    "GET /v1/parked_events": ParkedEvents.list,
    "POST /v1/parked_events/requeue": ParkedEvents.requeue,
    "GET /v1/prices": Prices.list,
    "POST /v1/prices": Prices.create,
    "GET /v1/prices/{}": Prices.get,
    "PUT /v1/prices/{}": Prices.set,
    "DELETE /v1/prices/{}": Prices.delete,
    "GET /v1/records": Records.list,
    "GET /v1/records/{}": Records.spans,
    "GET /v1/records/{id}/explain": Records.explain,
    "GET /v1/resources": Resources.list,
    "GET /v1/resources/{}": Resources.get,
    "GET /v1/sales_drafts": SalesDrafts.get,
    "GET /v1/sales_orders": SalesOrders.list,
    "POST /v1/sales_orders": SalesOrders.create,
    "GET /v1/sales_orders/{}": SalesOrders.get,
    "GET /v1/sales_orders/{id}/lines/{}": SalesOrders.explain,
    "POST /v1/samples": Samples.post,
    "GET /v1/spool": Spool.get,
    "GET /v1/status": Statuses.get,
    "GET /v1/summary": Summaries.list,
    "GET /v1/tenants": Tenants.list,
    "GET /v1/tenants/{}": Tenants.get,
    "PUT /v1/tenants/{}": Tenants.set,
    "GET /v1/terms": Terms.list,
    "POST /v1/terms": Terms.create,
    "GET /v1/terms/{}": Terms.get,
    "PUT /v1/terms/{}": Terms.set,
    "DELETE /v1/terms/{}": Terms.delete,
    "GET /v1/usage": Usages.list,
}

#: Of pages; they are followed, not given.
PAGING = {"limit", "marker"}
#: What another method has, since the answer is another.
ELSEWHERE = {
    "GET /v1/sales_orders/{}": {"format"},  # export
    "GET /v1/sales_drafts": {"format"},
    # What a price is may be repeated when it changes; there is no need to.
    "PUT /v1/prices/{}": {
        *("id", "resource_type", "region", "tenant_id", "match", "currency", "end_at"),
    },
}


def routes():
    for verb, path, member, contract in urls():
        yield f"{verb} {path}/{{}}" if member else f"{verb} {path}", contract


def test_every_url_has_a_method_or_is_documented_to_have_none():
    known = {route for route, _ in routes()}
    exceptions = known - set(METHODS)
    assert set(METHODS) <= known
    assert exceptions <= literals(page("user/client.rst"))


def names(datatype):
    return {a.name for a in wsme.types.list_attributes(datatype)} if datatype else set()


@pytest.mark.parametrize("route", METHODS)
def test_every_parameter_of_a_url_is_one_of_its_method(route):
    contract = dict(routes())[route]
    taken = set(inspect.signature(METHODS[route]).parameters)
    body = contract.body if wsme.types.iscomplex(contract.body) else None
    wanted = names(contract.query) | names(body)
    assert wanted - taken - PAGING - ELSEWHERE.get(route, set()) == set()


def fields(kind):
    """The names of the attributes of a dataclass, and of those within it."""
    if not dataclasses.is_dataclass(kind):
        return set().union(*(fields(inner) for inner in get_args(kind)))
    hints = get_type_hints(kind)
    return set(hints).union(*(fields(hint) for hint in hints.values()))


@pytest.mark.parametrize("route", METHODS)
def test_every_attribute_of_an_answer_is_one_of_its_dataclass(route):
    contract = dict(routes())[route]
    told = fields(get_type_hints(METHODS[route])["return"])
    assert attributes(contract.answer) <= told


def test_values_of_the_client_are_frozen_and_have_slots():
    kinds = {get_type_hints(method)["return"] for method in METHODS.values()} | {File}
    for kind in kinds:
        for each in get_args(kind) or (kind,):
            if dataclasses.is_dataclass(each):
                assert each.__dataclass_params__.frozen
                assert "__slots__" in vars(each)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_comes_back_with_every_digit(number):
    back = wire.decode(wire.encode({"n": [number]}).encode())["n"][0]
    assert type(back) in (int, Decimal)
    assert Decimal(back) == number


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.decimals(-9, 9, places=9),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_document_comes_back(document):
    assert wire.decode(wire.encode(document).encode()) == document


def test_instants_and_dates_are_texts():
    when = {"at": datetime(2026, 1, 1, 6, tzinfo=UTC), "on": date(2026, 1, 31)}
    assert wire.encode(when) == '{"at": "2026-01-01T06:00:00+00:00", "on": "2026-01-31"}'


@pytest.mark.parametrize("number", [0.5, Decimal("Infinity"), [{"size": 1.0}]])
def test_what_is_not_exact_is_refused(number):
    with pytest.raises(TypeError):
        wire.encode(number)


def document(**changes):
    told = {field.name: None for field in dataclasses.fields(Price)}
    told |= {"id": 1, "resource_type": "vcpu", "unit_price": 1, "per": "hour", "currency": "USD"}
    return told | {"free": 0, "match": {}, "tiers": []} | changes


def test_an_attribute_of_a_newer_api_is_left_out():
    assert wire.shaped(Price, document(colour="blue")) == wire.shaped(Price, document())


def test_an_attribute_that_may_be_null_may_be_missing_in_an_older_api():
    older = document()
    del older["tiers"], older["description"]
    assert wire.shaped(Price, older) == wire.shaped(Price, document())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", "1"),
        ("id", True),
        ("unit_price", "1"),
        ("start_at", "soon"),
        ("tiers", 1),
        ("per", None),
        ("name", 5),
    ],
)
def test_an_attribute_of_another_kind_is_no_price(name, value):
    with pytest.raises((TypeError, ValueError)):
        wire.shaped(Price, document(**{name: value}))


ERROR = (
    b'{"errors": [{"request_id": "req-1", "code": "not_found", "status": 404,'
    b' "title": "Not Found", "detail": "there is no price 9"}]}'
)


def test_an_error_of_the_api_is_an_exception_of_its_status():
    error = refusal(404, ERROR)
    assert isinstance(error, NotFound)
    assert (error.code, error.detail) == ("not_found", "there is no price 9")
    assert str(error) == "404 Not Found: there is no price 9 (not_found) [req-1]"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"null", b'{"errors": []}', b'{"errors": 1}']
)
@pytest.mark.parametrize(
    ("status", "kind"), [(502, ServerFailed), (503, Unavailable), (418, Refused), (599, Refused)]
)
def test_an_error_of_a_proxy_has_the_status_at_least(status, kind, body):
    error = refusal(status, body, "req-2")
    assert isinstance(error, kind)
    assert (error.status, error.code, error.request_id) == (status, f"http_{status}", "req-2")
