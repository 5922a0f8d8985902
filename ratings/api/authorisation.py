"""Who may do what: the rules of `ratings.policies`, asked before anything of a request is read."""

from __future__ import annotations

import logging

from oslo_config.cfg import ConfigOpts
from oslo_policy.policy import Enforcer

from ratings.api.caller import NOBODY, Caller
from ratings.core.errors import Forbidden, InvalidInput, Unauthenticated
from ratings.db.reading import EVERYTHING, Scope
from ratings.policies import list_rules
from ratings.policies.personas import ALL_TENANTS

LOG = logging.getLogger(__name__)


def enforcer(conf: ConfigOpts) -> Enforcer:
    """Our rules, and what the files of [oslo_policy] make of them. It sees when those change."""
    found = Enforcer(conf)
    found.register_defaults(list(list_rules()))
    return found


class Policy:
    """Asks the rules. Without authentication everybody may do everything."""

    def __init__(self, conf: ConfigOpts) -> None:
        self._enforcer = None if conf.auth_strategy == "noauth" else enforcer(conf)

    def authorise(self, rule: str, caller: Caller, tenant_id: str | None = None) -> None:
        """See that `caller` may do it, with what is of `tenant_id` (None: of its own).

        Raises Forbidden, or Unauthenticated if nobody knows who it is.
        """
        if not self._allows(rule, caller, tenant_id or caller.tenant_id):
            if caller is NOBODY:
                raise Unauthenticated("This needs a token.")
            LOG.info("%s of project %s: %s is refused", caller.name, caller.tenant_id, rule)
            raise Forbidden("The policy does not allow this.")

    def scope(self, rule: str, caller: Caller, asked: str | None) -> Scope:
        """Whose rows `caller` may read, who asks for those of the tenant `asked` (None: does not).

        Raises as `authorise` does.
        """
        self.authorise(rule, caller, asked)
        if self._allows(ALL_TENANTS, caller, caller.tenant_id):
            return EVERYTHING
        tenant_id = asked or caller.tenant_id
        if tenant_id is None:
            raise Forbidden("The token is for no project.")
        return Scope(tenant_id)

    def _allows(self, rule: str, caller: Caller, tenant_id: str | None) -> bool:
        if self._enforcer is None:
            return True
        target = {} if tenant_id is None else {"project_id": tenant_id}
        return bool(self._enforcer.authorize(rule, target, caller.credentials))


def one_tenant(scope: Scope, asked: str | None) -> str:
    """The tenant that is meant: the one asked for, else the only one in `scope`.

    Raises InvalidInput (query_invalid) if that is none.
    """
    found = asked or scope.tenant_id
    if found is None:
        raise InvalidInput("tenant_id is missing", code="query_invalid")
    return found
