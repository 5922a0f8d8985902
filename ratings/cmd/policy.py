"""For the commands of oslo.policy, which bear their own command line."""

from oslo_policy.policy import Enforcer

from ratings import conf as options
from ratings.api import authorisation


def enforcer() -> Enforcer:
    """Our rules, and what the files of the usual configuration make of them."""
    return authorisation.enforcer(options.load([], prog="ratings-api"))
