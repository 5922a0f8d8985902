"""The WSGI application: the URL tree, the middlewares around it, and what they work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pecan
from oslo_config.cfg import ConfigOpts
from oslo_middleware import CORS, Healthcheck, HTTPProxyToWSGI, RequestId
from oslo_middleware.cors import CORS_OPTS
from oslo_middleware.sizelimit import RequestBodySizeLimiter
from sqlalchemy import Engine
from webob.multidict import MultiDict

from ratings.api import argspecs, authentication
from ratings.api.authorisation import Policy
from ratings.api.combining import Combiner
from ratings.api.contexts import Identified, Numbered
from ratings.api.controllers.budgets import BudgetAlerts, Budgets
from ratings.api.controllers.collect import Collect
from ratings.api.controllers.discrepancies import Discrepancies
from ratings.api.controllers.events import Events
from ratings.api.controllers.explanations import OrderLines, RecordExplanation
from ratings.api.controllers.forecast import Forecast
from ratings.api.controllers.openapi import OpenApi
from ratings.api.controllers.parked_events import ParkedEvents, Requeue
from ratings.api.controllers.prices import Prices
from ratings.api.controllers.records import Records
from ratings.api.controllers.resources import Resources
from ratings.api.controllers.root import VersionOne, Versions
from ratings.api.controllers.sales_orders import SalesDrafts, SalesOrders
from ratings.api.controllers.samples import Samples
from ratings.api.controllers.spool import SpoolState
from ratings.api.controllers.status import Status
from ratings.api.controllers.summary import Summary
from ratings.api.controllers.tenants import Tenants
from ratings.api.controllers.terms import Terms
from ratings.api.controllers.usage import Usage
from ratings.api.faults import Faults
from ratings.api.observing import Observed
from ratings.api.services import Services
from ratings.api.spooling import Spooling
from ratings.db import migration
from ratings.draining import Drainer
from ratings.exporters import Exports
from ratings.metrics.service import ServiceMetrics
from ratings.rater import Rater
from ratings.readers import Reader
from ratings.reconciling import watch
from ratings.settling import Settings
from ratings.spool import Spool

Wsgi = Callable[..., Any]
Middleware = Callable[[Wsgi, ConfigOpts], Wsgi]


def make_app(
    conf: ConfigOpts,
    engine: Engine,
    settings: Settings,
    exports: Exports,
    clock: Callable[[], datetime],
) -> Wsgi:
    """The API on the database of `engine`, without a spool."""
    return serve(conf, make_services(conf, engine, settings, exports, clock))


def make_services(
    conf: ConfigOpts,
    engine: Engine,
    settings: Settings,
    exports: Exports,
    clock: Callable[[], datetime],
    spool: Spool | None = None,
) -> Services:
    """What the API works with. With a spool, `Services.spooling` is to be started and stopped."""
    rater = Rater(engine, settings, clock)
    reader = Reader(settings.definitions)
    metrics = ServiceMetrics(engine, clock, spool)
    rate = metrics.rating.observed(rater.rate)
    spooling = None
    if spool is not None:
        answers = partial(migration.is_current, engine)
        drainer = Drainer(spool, rate, reader.doors, answers, metrics.draining.drained)
        spooling = Spooling(spool, drainer, answers, clock)
    return Services(
        engine=engine,
        settings=settings,
        rater=rater,
        reader=reader,
        combiner=Combiner(rate, None if spool is None else conf.spool.patience),
        exports=exports,
        policy=Policy(conf),
        region=conf.rating.region,
        clock=clock,
        watch=watch(conf.reconciliation),
        metrics=metrics,
        spooling=spooling,
        secured=conf.auth_strategy != "noauth",
    )


def serve(
    conf: ConfigOpts, services: Services, middlewares: Sequence[Middleware] | None = None
) -> Wsgi:
    """The WSGI application. `authentication.check` tells before whether it can be served."""
    argspecs.remember()
    tree = url_tree(services)
    app: Wsgi = pecan.Pecan(
        tree,
        force_canonical=False,
        guess_content_type_from_ext=False,
        use_context_locals=False,
        request_cls=Request,
    )
    for wrap in reversed(middlewares or MIDDLEWARES):
        app = wrap(app, conf)
    return Observed(app, tree, services.metrics)


def url_tree(services: Services) -> Versions:
    """Every URL there is. The methods of each are those of its class (see `resource`)."""
    return Versions(
        services,
        v1=VersionOne(
            services,
            None,
            budget_alerts=BudgetAlerts(services),
            budgets=Budgets(services),
            collect=Collect(services),
            discrepancies=Discrepancies(services),
            events=Events(services),
            forecast=Forecast(services),
            parked_events=ParkedEvents(services, requeue=Requeue(services)),
            prices=Prices(services),
            records=Records(services, members={"explain": RecordExplanation(services)}),
            resources=Resources(services),
            sales_drafts=SalesDrafts(services),
            sales_orders=SalesOrders(services, members={"lines": OrderLines(services)}),
            samples=Samples(services),
            spool=SpoolState(services),
            status=Status(services),
            summary=Summary(services),
            tenants=Tenants(services),
            terms=Terms(services),
            usage=Usage(services),
            # No name of Python's: hence not like the others.
            **{"openapi.json": OpenApi(services, url_tree)},
        ),
    )


def cross_origin(app: Wsgi, conf: ConfigOpts) -> Wsgi:
    """Pages of [cors] allowed_origin may ask; without one, none may."""
    conf.register_opts(CORS_OPTS, group="cors")
    conf.set_default("allow_headers", [*_ALLOWED, *_REQUEST_ID], group="cors")
    conf.set_default("expose_headers", [*_EXPOSED, *_REQUEST_ID], group="cors")
    conf.set_default("allow_methods", ["GET", "HEAD", "POST", "PUT", "DELETE"], group="cors")
    sharing: Wsgi = CORS(app, conf)
    return sharing if conf.cors.allowed_origin else app


def proxy_headers(app: Wsgi, conf: ConfigOpts) -> Wsgi:
    """What a proxy says of the URL it was asked for counts, if the operator trusts it."""
    parsing: Wsgi = HTTPProxyToWSGI(app, conf)
    return parsing if conf.oslo_middleware.enable_proxy_headers_parsing else app


def healthcheck(app: Wsgi, conf: ConfigOpts) -> Wsgi:
    """``/healthcheck``, for load balancers: before anything that could refuse it."""
    healthy = Healthcheck(None, conf)

    def at_its_place(environ: dict[str, Any], start_response: Any) -> Any:
        found = healthy if environ.get("PATH_INFO") == "/healthcheck" else app
        return found(environ, start_response)

    return at_its_place


def size_limit(app: Wsgi, conf: ConfigOpts) -> Wsgi:
    """No body larger than [api] max_body_size is read."""
    limited = RequestBodySizeLimiter(app, conf)
    conf.set_default("max_request_body_size", conf.api.max_body_size, group="oslo_middleware")
    return limited


_REQUEST_ID = ("X-Openstack-Request-Id",)
_ALLOWED = ("X-Auth-Token", "Idempotency-Key", "If-None-Match")
_EXPOSED = ("ETag", "Idempotent-Replayed")

MIDDLEWARES: tuple[Middleware, ...] = (
    cross_origin,
    RequestId,
    lambda app, conf: Numbered(app),
    proxy_headers,
    lambda app, conf: Faults(app),
    healthcheck,
    size_limit,
    authentication.ingestion,
    authentication.tokens,
    lambda app, conf: Identified(app),
)
"""Around the URL tree, the outermost first. What `authentication.OPEN_PATHS` has needs no token."""


class Request(pecan.Request):  # type: ignore[misc]  # Pecan has no types
    """A request of which Pecan reads neither the query nor the body.

    It would do so for every request, and its own way: numbers as floats. Endpoints
    read both, once, as their contract says.
    """

    GET = params = property(lambda self: MultiDict())

    @property
    def json(self) -> Any:
        raise ValueError("endpoints read the body")
