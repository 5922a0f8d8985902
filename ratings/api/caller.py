"""Who asks: found out by a middleware, once per request, and handed on as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ratings.core.errors import Unauthenticated

_KEY = "ratings.caller"
"""Of the environment of a request. No header can be called so: theirs begin with HTTP_."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what was found out about that.

    name:      for the log.
    tenant_id: the project that the token is for; None for none.
    regions:   of which events may be delivered; None is all.
    """

    name: str = "nobody"
    tenant_id: str | None = None
    domain_id: str | None = None
    system_scope: str | None = None
    roles: frozenset[str] = frozenset()
    regions: frozenset[str] | None = None

    @property
    def credentials(self) -> dict[str, Any]:
        """What the rules of oslo.policy may ask about.

        What is not known is left out: for a rule, None would equal the text "None".
        """
        found = {
            "user_id": self.name,
            "project_id": self.tenant_id,
            "domain_id": self.domain_id,
            "system_scope": self.system_scope,
            "roles": sorted(self.roles),
        }
        return {name: value for name, value in found.items() if value is not None}


NOBODY = Caller()
ADMINISTRATOR = Caller(name="noauth", roles=frozenset({"admin"}))


def introduce(environ: dict[str, Any], caller: Caller) -> None:
    """Tell endpoints who asks."""
    environ[_KEY] = caller


def of(environ: Mapping[str, Any]) -> Caller:
    """Who asks; NOBODY where no middleware has found out."""
    found: Caller = environ.get(_KEY, NOBODY)
    return found


def of_headers(environ: Mapping[str, Any]) -> Caller:
    """Whom keystonemiddleware's auth_token has found. Raises Unauthenticated for nobody.

    It removes such headers from what clients send, so it must have been asked before.
    """
    if environ.get("HTTP_X_IDENTITY_STATUS") != "Confirmed":
        raise Unauthenticated("The token is not valid.")
    roles = str(environ.get("HTTP_X_ROLES") or "").split(",")
    return Caller(
        name=environ.get("HTTP_X_USER_ID") or NOBODY.name,
        tenant_id=environ.get("HTTP_X_PROJECT_ID") or None,
        domain_id=environ.get("HTTP_X_DOMAIN_ID") or None,
        system_scope=environ.get("HTTP_OPENSTACK_SYSTEM_SCOPE") or None,
        roles=frozenset(role.strip() for role in roles if role.strip()),
    )
