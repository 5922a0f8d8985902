"""Two tenants of one cloud, acme and globex, who must not see anything of each other.

Whatever belongs to one of them bears its name somewhere: ids, names, reasons. So what one gets to
see can be searched for the name of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

TENANTS = ("acme", "globex")

INSTANCE = {"vcpu": 2, "ram": 2048, "disk": 20}

Ask = Callable[..., Any]
"""``ask(method, path, json=...)`` as an administrator: what was answered, of success."""


@dataclass(frozen=True)
class Neighbourhood:
    """What there is: ids of the rows by tenant; what both may see is under ``""``."""

    orders: dict[str, list[int]]
    records: dict[str, list[int]]
    prices: dict[str, list[int]]
    terms: dict[str, list[int]]

    def ids(self) -> list[int]:
        kinds = (self.orders, self.records, self.prices, self.terms)
        return sorted({one for kind in kinds for ids in kind.values() for one in ids})


def other(tenant: str) -> str:
    return TENANTS[1 - TENANTS.index(tenant)]


def flat(tenant: str, resource_id: str, event_type: str, day: str, **more: Any) -> dict[str, Any]:
    """A flat event at midnight of a day of January 2026; its facts are of its tenant."""
    fields = {
        "resource_type": "instance",
        "region": "RegionOne",
        "content": {**INSTANCE, "flavor": f"{tenant}-flavor"},
        **more,
    }
    return {
        "message_id": f"{tenant}-{resource_id}-{event_type}-{day}",
        "resource_id": resource_id,
        "resource_name": f"{tenant}'s {resource_id}",
        "event_type": event_type,
        "event_time": f"2026-01-{day}T00:00:00Z",
        "tenant_id": tenant,
        **fields,
    }


def volume(tenant: str, resource_id: str, event_type: str, day: str) -> dict[str, Any]:
    content = {"size": 10, "volume_type": f"{tenant}-type"}
    return flat(tenant, resource_id, event_type, day, resource_type="volume", content=content)


def _given_away(giver: str, number: int) -> list[dict[str, Any]]:
    taker, name = other(giver), f"volume-{number}"
    return [
        volume(giver, name, "create", "05"),
        volume(giver, name, "exists", "08"),
        volume(taker, name, "transfer", "15"),
        volume(taker, name, "exists", "20"),
    ]


def _own(tenant: str, region: str) -> list[dict[str, Any]]:
    larger = {"content": {**INSTANCE, "vcpu": 4}}
    return [
        flat(tenant, f"{tenant}-web", "create", "10"),
        flat(tenant, f"{tenant}-web", "resize", "12", **larger),
        flat(tenant, f"{tenant}-web", "exists", "20", **larger),
        flat(tenant, "twin", "create", "10", region=region),
        flat(tenant, "twin", "delete", "18", region=region),
    ]


def settle(ask: Ask) -> Neighbourhood:
    """Make all of it through the API, where it is 2026-02-01."""
    for component in ("vcpu", "ram", "disk", "volume"):
        ask("POST", "/v1/prices", json={"resource_type": component, "unit_price": "0.01"})
    for tenant in TENANTS:
        deal = {"resource_type": "vcpu", "unit_price": "0.02", "tenant_id": tenant}
        ask("POST", "/v1/prices", json={**deal, "name": f"{tenant} deal", "free": 10})
        since = {"start_at": "2026-01-01", "tenant_id": tenant, "reason": f"{tenant} bargain"}
        ask("POST", "/v1/terms", json={**since, "kind": "discount_percent", "value": 5})
        ask("POST", "/v1/terms", json={**since, "kind": "credit", "value": 1, "currency": "USD"})
    everybody = {"kind": "discount_percent", "value": 1, "start_at": "2026-01-01"}
    ask("POST", "/v1/terms", json={**everybody, "reason": "winter"})
    events = [*_own("acme", "RegionOne"), *_own("globex", "RegionTwo")]
    events += _given_away("acme", 1) + _given_away("globex", 2)
    assert ask("POST", "/v1/events", json=events)["rated"] == len(events)
    strange = {"event_type": "globex.acme.done", "generated": "2026-01-10T00:00:00", "traits": []}
    ask("POST", "/v1/events", json={"message_id": "globex-acme-strange", **strange})
    orders = [_ordered(ask, tenant, "2026-01-17") for tenant in TENANTS]
    late = [flat(tenant, f"{tenant}-web", "power_off", "11") for tenant in TENANTS]
    assert ask("POST", "/v1/events", json=late)["rated"] == 2
    orders += [_ordered(ask, tenant, "2026-01-25") for tenant in TENANTS]
    ids = {t: [o["id"] for o in orders if o["tenant_id"] == t] for t in TENANTS}
    return Neighbourhood(ids, *(_ids(ask, noun) for noun in ("records", "prices", "terms")))


def _ordered(ask: Ask, tenant: str, end: str) -> dict[str, Any]:
    found: dict[str, Any] = ask("POST", "/v1/sales_orders", json={"tenant_id": tenant, "end": end})
    return found


def _ids(ask: Ask, noun: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {"": [], "acme": [], "globex": []}
    rows = ask("GET", f"/v1/{noun}?limit=1000")[noun]
    if noun == "records":
        rows += ask("GET", "/v1/records?limit=1000&superseded=true")[noun]
    for row in rows:
        found[row["tenant_id"] or ""].append(row["id"])
    return found
