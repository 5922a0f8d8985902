"""The lives of what Cinder and Manila keep: volumes, their snapshots and backups, shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ratings.tests.simulation import wire
from ratings.tests.simulation.life import Life, Step, new_id, whole
from ratings.tests.simulation.words import Message, Said

TYPES = ("5b2c1d0e-9f8a-4b7c-a6d5-e4f3a2b1c003", "6c3d2e1f-0a9b-4c8d-b7e6-f5a4b3c2d00e")
_DEEDS = ("resize", "resize", "retype", "attach.end", "detach.end", "update.end", "transfer")

_IDS = {
    "volume": "volume_id",
    "volume_snapshot": "snapshot_id",
    "volume_backup": "backup_id",
    "share": "share_id",
}
_EVENTS = {"volume_snapshot": "snapshot", "volume_backup": "backup"}


def live(life: Life, tenants: list[str]) -> None:
    """A volume; it may be given to another of `tenants`."""
    life.now(
        size=whole(life.chance.randint(1, 500)),
        volume_type=life.chance.choice(TYPES),
        status="available",
    )
    tell(life, "create.end", "create")
    while life.wait():
        if life.chance.random() < 0.15:
            return delete(life)
        deed = life.chance.choice(_DEEDS)
        if deed == "resize":
            life.now(size=life.facts["size"] + life.chance.randint(1, 100))  # type: ignore[operator]
            tell(life, "resize.end", "resize")
        elif deed == "transfer":
            life.tenant = life.chance.choice(tenants)
            life.now()
            tell(life, "transfer.accept.end", "look")
        else:
            if deed == "retype":
                life.now(volume_type=life.chance.choice(TYPES))
            elif deed != "update.end":
                life.now(status="in-use" if deed == "attach.end" else "available")
            tell(life, deed, "look")
    return None


def live_still(life: Life) -> None:
    """A snapshot or a backup: made, and perhaps deleted."""
    life.now(size=whole(life.chance.randint(1, 500)), status="available")
    tell(life, "create.end", "create")
    if life.chance.random() < 0.6 and life.wait():
        delete(life)


def live_shared(life: Life) -> None:
    """A share, which grows and shrinks; Manila has no audits."""
    life.now(size=whole(life.chance.randint(10, 100)), status="available")
    tell(life, "create.end", "create")
    while life.wait():
        if life.chance.random() < 0.2:
            return delete(life)
        shrinks = life.chance.random() < 0.5
        change = life.chance.randint(1, 9) * (-1 if shrinks else 1)
        life.now(size=max(whole(1), life.facts["size"] + change))  # type: ignore[operator,type-var]
        tell(life, "shrink.end" if shrinks else "extend.end", "resize")
    return None


def audit(life: Life, since: datetime, at: datetime) -> None:
    """``cinder-volume-usage-audit``: what is, what was deleted, and what was created, again."""
    step = life.was(at)
    if step is not None:
        tell(life, "exists", "look", at=at, step=step, news=False)
        if life.chance.random() < 0.2:
            tell(life, "create.end", "create", at=at, step=step, news=False)
    elif (step := life.died(since, at)) is not None:
        tell(life, "exists", "delete", at=at, step=step, status="deleted", news=False)
        if life.chance.random() < 0.2:
            traits, payload = _said(life, step, "deleted")
            life.mutter(f"{_EVENTS.get(life.kind, life.kind)}.create.end", traits, payload, at)


def delete(life: Life) -> None:
    step = Step(life.at, life.tenant, dict(life.facts))
    life.now(alive=False)
    tell(life, "delete.end", "delete", step=step, status="deleting")


def tell(
    life: Life,
    name: str,
    verb: str,
    *,
    at: datetime | None = None,
    step: Step | None = None,
    status: str | None = None,
    news: bool = True,
) -> None:
    step = step or Step(life.at, life.tenant, dict(life.facts))
    assert step.facts is not None
    stated = status or str(step.facts["status"])
    traits, payload = _said(life, step, stated)
    event_type = f"{_EVENTS.get(life.kind, life.kind)}.{name}"
    if name == "retype":
        event_type = "volume.retype"
    life.tell(
        event_type,
        verb,
        traits=traits,
        payload=payload,
        facts={**step.facts, "status": stated},
        owner=step.tenant,
        asker=step.tenant,
        at=at,
        news=news,
    )


def _said(life: Life, step: Step, status: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Traits and payload. Only Ceilometer's traits of volumes and shares tell their sizes."""
    facts = step.facts
    assert facts is not None
    size = int(facts["size"])
    payload: dict[str, Any] = {
        "tenant_id": step.tenant,
        "project_id": step.tenant,
        _IDS[life.kind]: life.resource_id,
        "status": status,
        "volume_size" if life.kind == "volume_snapshot" else "size": size,
        "name" if life.kind == "share" else "display_name": facts["name"],
    }
    traits = {name: value for name, value in payload.items() if name != "volume_size"}
    if life.kind != "share":
        traits["resource_id"] = life.resource_id
    if life.kind == "volume":
        payload["volume_type"] = traits["type"] = facts["volume_type"]
    return traits, payload


def live_flat(life: Life) -> None:
    """A volume of which another sender tells, in Koala's form."""
    life.now(size=whole(life.chance.randint(1, 500)), volume_type=TYPES[0])
    _flat(life, "create", "create")
    while life.wait():
        deed = life.chance.choice(("resize", "exists", "delete"))
        if deed == "delete":
            facts = dict(life.facts)
            life.now(alive=False)
            life.facts = facts
        elif deed == "resize":
            life.now(size=whole(life.chance.randint(1, 500)))
        _flat(life, deed, "look" if deed == "exists" else deed)
        if deed == "delete":
            return


def _flat(life: Life, event_type: str, verb: str) -> None:
    message_id = new_id(life.chance)
    facts = {name: life.facts[name] for name in ("size", "volume_type")}
    content = {"size": int(facts["size"]), "volume_type": facts["volume_type"]}  # type: ignore[arg-type]
    body = wire.flat(
        message_id,
        event_type,
        life.at,
        life.region,
        (life.kind, life.resource_id),
        life.tenant,
        content,
    )
    said = Said(
        message_id,
        *life.resource,
        verb,
        life.at,
        facts,
        owner=life.tenant,
        starts=verb != "delete",
    )
    life.messages.append(
        Message(message_id, event_type, life.region, life.at, body, (said,), news=verb != "look")
    )
