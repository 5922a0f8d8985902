"""Gnocchi: the resources of a tenant, and what their metrics measured.

gnocchiclient knows how to get at it; the answers are read here, for it makes floats of numbers.
A resource that changed since the window began is asked for its history, so each measure gets
the owner and the metadata of its time; one that was handed over is told by its new owner.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlsplit

from oslo_config.cfg import ConfigOpts

from ratings.collectors.tenants import cloud
from ratings.core.errors import DefinitionError
from ratings.core.pulls import AnswerInvalid, Source, SourceError, SourceUnreachable, Span
from ratings.readers.gnocchi import MetricPull, Revision, changed_since, pulls, samples
from ratings.readers.misread import shown
from ratings.readers.pulled import decoded

PAGE = 500
"""Resources, or revisions of one, that are asked for at once."""

METRICS = 100
"""Metrics that are asked for at once."""

_LATE = timedelta(days=1)
"""Within which a measure of a resource may be younger than its end, as Gnocchi has it."""

_BUSY = {408, 429, 502, 503, 504}
_DENIED = {401, 403}


def connect(conf: ConfigOpts, section: Any) -> Source:
    """The source ``gnocchi``. Raises DefinitionError."""
    found = pulls(section, conf.puller.window)
    region = conf.gnocchi.region or conf.rating.region
    told = conf.gnocchi
    gnocchi = Gnocchi(_client(conf, region), found, timeout=told.timeout, refresh=told.refresh)
    return Source(region, gnocchi.pull)


def _client(conf: ConfigOpts, region: str) -> Any:
    try:
        from gnocchiclient import auth
        from gnocchiclient.v1.client import Client
    except ImportError as error:
        raise DefinitionError("gnocchiclient is not installed: pip install '.[gnocchi]'") from error
    told = conf.gnocchi
    options = {"interface": told.interface, "region_name": region}
    if told.auth_mode == "keystone":
        if told.endpoint:
            options["endpoint_override"] = told.endpoint
        return Client(session=cloud(conf).session, adapter_options=options)
    if not told.endpoint:
        raise DefinitionError(f"[gnocchi] endpoint must be set for {told.auth_mode}")
    if told.auth_mode == "basic":
        plugin = auth.GnocchiBasicPlugin(told.user, told.endpoint)
    else:
        plugin = auth.GnocchiNoAuthPlugin(told.user, told.project, "admin", told.endpoint)
    session = {"auth": plugin, "verify": told.ca_file or True}
    return Client(session_options=session, adapter_options=options)


class Gnocchi:
    """Pulls tenants from one Gnocchi. `client` is of gnocchiclient."""

    def __init__(
        self, client: Any, found: Sequence[MetricPull], *, timeout: int, refresh: bool
    ) -> None:
        by_type = sorted(found, key=lambda pull: pull.resource_type)
        self._pulls = {
            name: list(group) for name, group in groupby(by_type, lambda pull: pull.resource_type)
        }
        self._api = client.api
        self._timeout = timeout
        self._refresh = refresh

    def pull(self, tenant_id: str, start: datetime, end: datetime) -> Iterator[bytes]:
        """See `ratings.core.pulls.Pull`."""
        span = Span(start, end)
        for resource_type, found in self._pulls.items():
            for resources in self._resources(resource_type, tenant_id, span):
                for pull in found:
                    yield from self._samples(pull, resources, span)

    def _resources(
        self, resource_type: str, tenant_id: str, span: Span
    ) -> Iterator[list[list[Revision]]]:
        """Resources in pages, each as its revisions."""
        alive = {">=": {"ended_at": (span.start - _LATE).isoformat()}}
        body = {
            "and": [{"=": {"project_id": tenant_id}}, {"or": [{"=": {"ended_at": None}}, alive]}]
        }
        path = f"v1/search/resource/{resource_type}"
        for page in self._pages("POST", path, "id:asc", body):
            yield [self._history(resource_type, resource, span) for resource in page]

    def _history(self, resource_type: str, resource: Revision, span: Span) -> list[Revision]:
        if not changed_since(resource, span.start):
            return [resource]
        path = f"v1/resource/{resource_type}/{resource.get('id')}/history"
        pages = self._pages("GET", path, "revision_start:asc")
        earlier = [each for page in pages for each in page if each.get("revision_end") is not None]
        return [*earlier, resource]

    def _pages(
        self, method: str, path: str, sort: str, body: Any = None
    ) -> Iterator[list[Revision]]:
        query: dict[str, Any] = {"limit": PAGE, "sort": sort}
        while True:
            page, marker = self._asked(method, path, query, body)
            yield _objects(page)
            if marker is None or marker == query.get("marker"):
                return
            query["marker"] = marker

    def _samples(
        self, pull: MetricPull, resources: Sequence[list[Revision]], span: Span
    ) -> Iterator[bytes]:
        histories = {}
        for history in resources:
            metrics = history[-1].get("metrics")
            metric_id = metrics.get(pull.named) if isinstance(metrics, dict) else None
            if metric_id is not None:
                histories[str(metric_id)] = history
        for metric_id, measures in self._measures(pull, list(histories), span):
            yield from samples(pull, histories[metric_id], measures, span)

    def _measures(
        self, pull: MetricPull, metric_ids: Sequence[str], span: Span
    ) -> Iterator[tuple[str, Any]]:
        """The measures of each metric."""
        query: dict[str, Any] = {
            "start": span.start.isoformat(),
            "stop": span.end.isoformat(),
            "granularity": pull.granularity,
        }
        if self._refresh:
            query |= {"aggregation": pull.aggregation, "refresh": "true"}
            for metric_id in metric_ids:
                yield metric_id, self._asked("GET", f"v1/metric/{metric_id}/measures", query)[0]
            return
        # Metrics that are asked for together need not have been measured at the same times.
        query["fill"] = "dropna"
        for first in range(0, len(metric_ids), METRICS):
            asked = metric_ids[first : first + METRICS]
            operations = ["metric", *([metric_id, pull.aggregation] for metric_id in asked)]
            found, _ = self._asked("POST", "v1/aggregates", query, {"operations": operations})
            told = found.get("measures") if isinstance(found, dict) else None
            for metric_id in asked:
                yield metric_id, _aggregated(told, metric_id, pull.aggregation)

    def _asked(
        self, method: str, path: str, query: Mapping[str, Any], body: Any = None
    ) -> tuple[Any, str | None]:
        """The answer, and the marker of the page that follows it."""
        options: dict[str, Any] = {"timeout": self._timeout}
        if body is not None:
            options["data"] = json.dumps(body)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            response = self._api.request(
                path, method, params=query, headers=headers, raise_exc=False, **options
            )
        except Exception as error:  # of two libraries, and of Keystone
            detail = f"{method} {path}: {type(error).__name__}: {error}"
            raise SourceUnreachable(detail) from error
        if response.status_code >= 400:
            _refuse(f"{method} {path}", response)
        following = parse_qs(urlsplit(response.links.get("next", {}).get("url", "")).query)
        return decoded(response.content), following.get("marker", [None])[0]


def _refuse(asked: str, response: Any) -> NoReturn:
    detail = f"{asked}: answered {response.status_code}: {' '.join(response.text.split())[:300]}"
    if response.status_code in _DENIED:
        raise SourceUnreachable(detail, code="source_denied")
    raise SourceUnreachable(detail) if response.status_code in _BUSY else SourceError(detail)


def _objects(found: Any) -> list[Revision]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise AnswerInvalid(f"{shown(found)} is no list of resources")
    return found


def _aggregated(told: Any, metric_id: str, aggregation: str) -> Any:
    """What an answer of ``/v1/aggregates`` tells of one metric; it leaves out who has nothing."""
    if not isinstance(told, dict):
        raise AnswerInvalid(f"{shown(told)} are no measures")
    found = told.get(metric_id, {})
    return found.get(aggregation, []) if isinstance(found, dict) else found
