"""A client of the HTTP API for Python: typed, exact, and on keystoneauth1 alone.

::

    from keystoneauth1.identity.v3 import Password
    from keystoneauth1.session import Session
    from ratings.client import Client

    rating = Client(Session(auth=Password(...)), region_name="RegionOne")
    for record in rating.records.list(tenant_id="b5cd", start="2026-01-01", end="2026-02-01"):
        print(record.resource_id, record.component, record.amount)
"""

from __future__ import annotations

from typing import Any

from keystoneauth1.adapter import Adapter
from keystoneauth1.session import Session

from ratings import __version__
from ratings.client.budgets import BudgetAlerts, Budgets
from ratings.client.collect import Collections
from ratings.client.connection import Connection
from ratings.client.discrepancies import Discrepancies
from ratings.client.events import Events, ParkedEvents, Samples
from ratings.client.forecast import Forecasts
from ratings.client.prices import Prices
from ratings.client.records import Records
from ratings.client.resources import Resources
from ratings.client.sales_orders import SalesDrafts, SalesOrders
from ratings.client.status import Spool, Statuses
from ratings.client.tenants import Tenants
from ratings.client.terms import Terms
from ratings.client.usage import Summaries, Usages

__all__ = ["Client"]


class Client:
    """The API, an attribute for each noun of it.

    session: of keystoneauth1, with an auth plugin: it says who asks, and knows the catalog.
    region_name, interface: which endpoint of the catalog; the first public one by default.
    endpoint_override: a URL instead, with or without ``/v1``; a plug-in without a catalog, such
        as ``noauth``, needs it.
    options: of `keystoneauth1.adapter.Adapter`, such as ``connect_retries``.

    Lists are generators: nothing is asked for, and nothing can be refused, before the first row
    is taken. What is refused raises one of `ratings.client.errors`.
    """

    def __init__(
        self,
        session: Session,
        *,
        region_name: str | None = None,
        interface: str | None = None,
        endpoint_override: str | None = None,
        service_type: str = "rating",
        **options: Any,
    ) -> None:
        adapter = Adapter(
            session,
            service_type=service_type,
            region_name=region_name,
            interface=interface,
            endpoint_override=endpoint_override,
            client_name="ratings.client",
            client_version=__version__,
            **options,
        )
        connection = Connection(adapter)
        self.budget_alerts = BudgetAlerts(connection)
        self.budgets = Budgets(connection)
        self.collect = Collections(connection)
        self.discrepancies = Discrepancies(connection)
        self.events = Events(connection)
        self.forecast = Forecasts(connection)
        self.parked_events = ParkedEvents(connection)
        self.prices = Prices(connection)
        self.records = Records(connection)
        self.resources = Resources(connection)
        self.sales_drafts = SalesDrafts(connection)
        self.sales_orders = SalesOrders(connection)
        self.samples = Samples(connection)
        self.spool = Spool(connection)
        self.status = Statuses(connection)
        self.summary = Summaries(connection)
        self.tenants = Tenants(connection)
        self.terms = Terms(connection)
        self.usage = Usages(connection)
