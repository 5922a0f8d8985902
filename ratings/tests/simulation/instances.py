"""The lives of instances, as Nova tells them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ratings.tests.simulation.life import SECOND, Life, Step, whole
from ratings.tests.simulation.wire import naive
from ratings.tests.simulation.words import Fact

FLAVORS = {
    "tiny": (1, 512, 1),
    "small": (1, 2048, 20),
    "large": (4, 8192, 80),
    "wide": (8, 4096, 0),
}

# Nova's own words for the statuses that we call otherwise.
_NOVA = {"shutoff": "stopped", "soft_delete": "soft-delete"}

_TURNS = {
    "power_off": "shutoff",
    "power_on": "active",
    "suspend": "suspended",
    "resume": "active",
    "pause": "paused",
    "unpause": "active",
    "shelve": "shelved",
    "shelve_offload": "shelved_offloaded",
    "unshelve": "active",
    "rescue": "rescued",
    "unrescue": "active",
    "soft_delete": "soft_delete",
    "restore": "active",
}
_LOOKS = ("reboot", "rebuild", "rename", "migrate")
_DEEDS = {
    "active": (
        *("power_off", "suspend", "pause", "shelve", "rescue", "soft_delete", "delete"),
        *("resize", "resize", "resize", *_LOOKS),
    ),
    "shutoff": ("power_on", "power_on", "resize", "delete", "rename"),
    "suspended": ("resume", "resume", "delete"),
    "paused": ("unpause",),
    "shelved": ("shelve_offload", "unshelve", "delete"),
    "shelved_offloaded": ("unshelve", "unshelve", "delete"),
    "rescued": ("unrescue",),
    "soft_delete": ("restore", "delete"),
}


def live(life: Life) -> None:
    """From the first message to the last, audits left out."""
    flavor = life.chance.choice(sorted(FLAVORS))
    life.facts |= _sizes(flavor) | {"status": "building"}
    mutter(life, "create.start", "building")
    life.at += SECOND
    if life.chance.random() < 0.08:
        return _fail(life)
    life.now(status="active")
    tell(life, "create.end", "create")
    while life.wait():
        deed = life.chance.choice(_DEEDS[str(life.facts["status"])])
        if deed == "delete":
            return delete(life)
        if deed == "resize":
            resize(life)
        elif deed in _TURNS:
            mutter(life, f"{deed}.start", str(life.facts["status"]))
            life.now(status=_TURNS[deed])
            tell(life, f"{deed}.end", "restore" if deed == "restore" else "turn", _TURNS[deed])
        else:
            _look(life, deed)
    return None


def audit(life: Life, since: datetime, at: datetime) -> None:
    """``compute.instance.exists`` at `at`, for what lived since the last one."""
    step = life.was(at)
    if step is not None:
        building = life.chance.random() < 0.02
        if building:
            return mutter(life, "exists", "building", at=at)
        return tell(life, "exists", "look", at=at, step=step, news=False)
    step = life.died(since, at)
    if step is not None:
        tell(life, "exists", "delete", at=at, step=step, state="deleted", news=False)
    return None


def _fail(life: Life) -> None:
    """A build that comes to nothing: create.error, or with old releases a create.end."""
    if life.chance.random() < 0.5:
        mutter(life, "create.error", "building")
    else:
        mutter(life, "create.end", "error", message="No valid host was found")
    if life.wait():
        tell(life, "delete.end", "delete", state="error", effective=life.at, news=False)


def _look(life: Life, deed: str) -> None:
    status = str(life.facts["status"])
    if deed == "migrate":
        mutter(life, "live_migration._post.end", status)
    elif deed == "rename":
        life.now(name=f"renamed-{life.chance.randrange(1000)}")
        # What an update says of sizes may be ahead of the truth: only its name counts.
        ahead = _sizes(life.chance.choice(sorted(FLAVORS)))
        name: dict[str, Fact] = {"name": life.facts["name"]}
        payload = _payload(life, Step(life.at, life.tenant, {**life.facts, **ahead}), status)
        _send(life, "update", "look", payload, name, starts=False, news=False)
    else:
        tell(life, f"{deed}.end", "look", news=False)


def resize(life: Life) -> None:
    """Preparation, the move, and then confirmed or taken back."""
    before = {name: life.facts[name] for name in ("vcpu", "ram", "disk", "flavor")}
    after = _sizes(life.chance.choice(sorted(FLAVORS)))
    if life.chance.random() < 0.3:
        tell(life, "exists", "look", news=False)
    life.at += SECOND
    mutter(life, "resize.prep.end", str(life.facts["status"]))
    mutter(life, "resize.end", str(life.facts["status"]))
    life.at += 5 * SECOND
    life.now(**after)
    tell(life, "finish_resize.end", "resize", state="resized")
    if not life.wait():
        return
    if life.chance.random() < 0.6:
        tell(life, "resize.confirm.end", "look", news=False)
    else:
        life.now(**before)
        tell(life, "resize.revert.end", "resize")


def delete(life: Life) -> None:
    """Nova tells the second at which it was done, a little later."""
    mutter(life, "delete.start", str(life.facts["status"]))
    mutter(life, "shutdown.end", str(life.facts["status"]))
    gone = life.at.replace(microsecond=0)
    step = Step(life.at, life.tenant, dict(life.facts))
    told, life.at = life.at, max(gone, life.steps[-1].at)
    life.now(alive=False)
    tell(life, "delete.end", "delete", at=told + SECOND, step=step, state="deleted")


def tell(
    life: Life,
    name: str,
    verb: str,
    turns: str | None = None,
    *,
    at: datetime | None = None,
    step: Step | None = None,
    state: str | None = None,
    effective: datetime | None = None,
    news: bool = True,
) -> None:
    """A notification with all that Nova says of an instance. `state` is Nova's word for it."""
    step = step or Step(life.at, life.tenant, dict(life.facts))
    assert step.facts is not None
    status = str(step.facts["status"])
    payload = _payload(life, step, state or _NOVA.get(status, status))
    facts = {n: step.facts[n] for n in ("name", "vcpu", "ram", "disk", "flavor")}
    if state is None:
        facts["status"] = status
    if verb == "delete":
        effective = effective or life.steps[-1].at
        payload["deleted_at"] = naive(effective)
    _send(life, name, verb, payload, facts, turns, at=at, effective=effective, news=news)


def mutter(
    life: Life,
    name: str,
    state: str,
    *,
    message: str | None = None,
    at: datetime | None = None,
) -> None:
    payload = _payload(life, Step(life.at, life.tenant, dict(life.facts)), state)
    if message is not None:
        payload["message"] = message
    life.mutter(f"compute.instance.{name}", payload, payload, at)


def _send(
    life: Life,
    name: str,
    verb: str,
    payload: dict[str, Any],
    facts: dict[str, Fact],
    turns: str | None = None,
    **more: Any,
) -> None:
    life.tell(
        f"compute.instance.{name}",
        verb,
        traits={**payload, "resource_id": life.resource_id, "project_id": life.tenant},
        payload=payload,
        facts=facts,
        turns=turns,
        owner=life.tenant,
        asker=life.tenant,
        **more,
    )


def _payload(life: Life, step: Step, state: str) -> dict[str, Any]:
    facts = step.facts
    assert facts is not None
    return {
        "tenant_id": step.tenant,
        "instance_id": life.resource_id,
        "display_name": facts["name"],
        "instance_type": facts["flavor"],
        "memory_mb": int(facts["ram"]),
        "disk_gb": int(facts["disk"]),
        "vcpus": int(facts["vcpu"]),
        "state": state,
        "host": "cmp-01",
    }


def _sizes(flavor: str) -> dict[str, Fact]:
    vcpu, ram, disk = FLAVORS[flavor]
    return {"flavor": flavor, "vcpu": whole(vcpu), "ram": whole(ram), "disk": whole(disk)}
