"""The lives of images, of what Neutron makes, and of load balancers."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from ratings.readers.identity import of_element
from ratings.tests.simulation import wire
from ratings.tests.simulation.life import SECOND, Life, Step, Times, new_id
from ratings.tests.simulation.words import Fact, Message, Said

GIB = 1024**3

# Event type and key in the payload, by kind. Octavia's payload has no such key.
_NETWORK = {
    "floating_ip": "floatingip",
    "router": "router",
    "network": "network",
    "subnet": "subnet",
    "port": "port",
    "vpn": "vpnservice",
}
AUDITED = ("floating_ip", "router", "network", "subnet", "port")
_OURS = {"ACTIVE": "active", "DOWN": "down", "BUILD": "build", "ERROR": "error"}


def live_image(life: Life) -> None:
    """Created without a size, uploaded, hidden or shown, deleted."""
    life.now(status="queued", visibility="shared")
    _image(life, "create", "create", sized=False)
    life.at += 30 * SECOND
    life.facts["bytes"] = Fraction(life.chance.randrange(1, 40 * GIB))
    life.now(size=life.facts["bytes"] / GIB, status="active")  # type: ignore[operator]
    _image(life, "upload", "look")
    if life.chance.random() < 0.5:
        _image(life, "activate", "look", news=False)
    while life.wait():
        if life.chance.random() < 0.3:
            step = Step(life.at, life.tenant, dict(life.facts))
            told, life.at = life.at, max(life.at.replace(microsecond=0), life.steps[-1].at)
            life.now(alive=False)
            return _image(life, "delete", "delete", step=step, at=told + SECOND, status="deleted")
        shown = life.chance.random() < 0.3
        life.now(visibility="public" if shown else "private")
        _image(life, "update", "look")
    return None


def audit_images(lives: list[Life], times: Times, since: datetime, at: datetime) -> list[Message]:
    """Glance's audit: a message for each owner, with all their images; of the last one deleted."""
    found = []
    owners: dict[tuple[str, str], list[Life]] = {}
    for life in lives:
        owners.setdefault((life.region, life.tenant), []).append(life)
    for (region, owner), theirs in owners.items():
        chance = theirs[0].chance
        message_id = new_id(chance)
        said, images = [], []
        for life in theirs:
            alive, gone = life.was(at), life.died(since, at)
            step = alive or gone
            if step is None or step.facts is None or "size" not in step.facts:
                continue
            effective = life.steps[-1].at if gone else None
            images.append(_listed(life, step, effective))
            facts = {name: step.facts[name] for name in ("name", "size")}
            facts["status"] = "deleted" if gone else "active"
            said.append(
                Said(
                    of_element(message_id, life.resource_id),
                    *life.resource,
                    "delete" if gone else "look",
                    effective or at,
                    facts,
                    owner=owner,
                )
            )
        if said:
            payload = {"owner": owner, "images": images}
            form = chance.choice(wire.NOTIFICATIONS)
            body = wire.write(form, message_id, "image.exists", at, {}, payload, None)
            found.append(Message(message_id, "image.exists", region, at, body, tuple(said)))
    return found


def make_together(lives: list[Life]) -> Message:
    """One message with all of `lives`, which are of one kind, region and owner."""
    first = lives[0]
    key, message_id, at = _NETWORK[first.kind], new_id(first.chance), first.at
    elements, said = [], []
    for life in lives:
        life.at = at
        life.now(status="active")
        elements.append(
            {"id": life.resource_id, "project_id": life.tenant}
            | {"name": life.facts["name"], "status": "ACTIVE"}
        )
        facts = {name: life.facts[name] for name in ("name", "status")}
        derived = of_element(message_id, life.resource_id)
        said.append(Said(derived, *life.resource, "create", at, facts, owner=life.tenant))
    form = first.chance.choice(wire.NOTIFICATIONS)
    event_type, payload = f"{key}.create.end", {f"{key}s": elements}
    body = wire.write(form, message_id, event_type, at, {}, payload, first.tenant)
    return Message(message_id, event_type, first.region, at, body, tuple(said), news=True)


def live_network(life: Life) -> None:
    """Made, perhaps by an administrator, changed without consequence, deleted."""
    life.now(status="active")
    _network(life, "create.end", "create")
    live_on(life)


def live_on(life: Life) -> None:
    """What comes after the making."""
    while life.wait():
        if life.chance.random() < 0.35:
            step = Step(life.at, life.tenant, dict(life.facts))
            life.now(alive=False)
            return _network(
                life, "delete.end", "delete", step=step, bare=life.chance.random() < 0.5
            )
        life.now(status=life.chance.choice(("active", "down")))
        _network(life, "update.end", "look", news=False)
    return None


def audit_network(life: Life, since: datetime, at: datetime) -> None:
    """``neutron-usage-audit`` tells only of what there is."""
    step = life.was(at)
    if step is not None:
        _network(life, "exists", "look", step=step, at=at, news=False)


def live_balancer(life: Life) -> None:
    life.now()
    _balancer(life, "create.end", "create")
    while life.wait():
        if life.chance.random() < 0.35:
            life.now(alive=False)
            return _balancer(life, "delete.end", "delete")
        _balancer(life, "update.end", "look")
    return None


def _image(
    life: Life,
    name: str,
    verb: str,
    *,
    sized: bool = True,
    step: Step | None = None,
    at: datetime | None = None,
    status: str | None = None,
    news: bool = True,
) -> None:
    step = step or Step(life.at, life.tenant, dict(life.facts))
    assert step.facts is not None
    effective = life.steps[-1].at if verb == "delete" else None
    payload = _listed(life, step, effective) | {"owner": step.tenant, "is_public": False}
    payload["status"] = status or step.facts["status"]
    payload["visibility"] = step.facts["visibility"]
    facts = {n: step.facts[n] for n in ("name", "visibility", "size") if sized or n != "size"}
    if not sized:
        payload["size"] = None
    traits = {n: payload[n] for n in ("name", "status", "size", "deleted_at", "visibility")}
    life.tell(
        f"image.{name}",
        verb,
        traits=traits | {"resource_id": life.resource_id, "project_id": step.tenant},
        payload=payload,
        facts=facts | {"status": payload["status"]},
        owner=step.tenant,
        at=at,
        effective=effective,
        news=news,
    )


def _listed(life: Life, step: Step, deleted_at: datetime | None) -> dict[str, Any]:
    """An image in a list of them."""
    facts = step.facts
    assert facts is not None
    of_instance = life.kind == "instance_snapshot"
    return {
        "id": life.resource_id,
        "name": facts["name"],
        "status": "deleted" if deleted_at else "active",
        "size": int(facts["bytes"]) if "bytes" in facts else None,  # type: ignore[arg-type]
        "deleted_at": None if deleted_at is None else wire.naive(deleted_at),
        "properties": {"image_type": "snapshot"} if of_instance else {},
    }


def _network(
    life: Life,
    name: str,
    verb: str,
    *,
    step: Step | None = None,
    at: datetime | None = None,
    bare: bool = False,
    news: bool = True,
) -> None:
    """The owner stands in the payload only; traits and contexts name whoever asked."""
    step = step or Step(life.at, life.tenant, dict(life.facts))
    assert step.facts is not None
    key = _NETWORK[life.kind]
    facts: dict[str, Fact] = {"name": step.facts["name"], "status": step.facts["status"]}
    if life.kind == "subnet":
        del facts["status"]
    shown = "floating_ip_address" if life.kind == "floating_ip" else "name"
    body: dict[str, Any] = {"id": life.resource_id, "project_id": step.tenant}
    body |= {shown: facts["name"], "tenant_id": step.tenant}
    if "status" in facts:
        body["status"] = {ours: theirs for theirs, ours in _OURS.items()}[str(facts["status"])]
    by_admin = life.chance.random() < 0.2
    payload: dict[str, Any] = {key: body}
    if bare:
        payload, facts = {f"{key}_id": life.resource_id}, {}
    life.tell(
        f"{key}.{name}",
        verb,
        traits={},
        payload=payload,
        facts=facts,
        owner=None if bare else step.tenant,
        asker="the-admins-project" if by_admin else step.tenant,
        at=at,
        news=news,
    )


def _balancer(life: Life, name: str, verb: str) -> None:
    said = {"project_id": life.tenant, "name": life.facts["name"]}
    life.tell(
        f"octavia.loadbalancer.{name}",
        verb,
        traits=said | {"resource_id": life.resource_id, "tenant_id": life.tenant},
        payload=said | {"loadbalancer_id": life.resource_id},
        facts={"name": life.facts["name"]},
        owner=life.tenant,
        asker=life.tenant,
        news=verb != "look",
    )
