"""Every route asks a documented rule, and every rule is asked by a route."""

import pytest
from oslo_config import cfg
from oslo_policy import generator

from ratings import conf as options
from ratings import shipped
from ratings.api.app import url_tree
from ratings.api.authorisation import Policy
from ratings.api.caller import Caller
from ratings.core.errors import Forbidden
from ratings.policies import list_rules, versions

METHODS = {"get_all": "GET", "post": "POST", "get_one": "GET", "put": "PUT", "delete": "DELETE"}
MEMBERS = ("get_one", "put", "delete")

#: Beside the rule of the operation.
BESIDE = {"ratings:events:reconcile"}
OPEN = {versions.LIST, versions.CONTRACT}


def routes():
    """(method, path, contract) of the whole URL tree, with what follows an id."""
    waiting = [("", url_tree(None))]
    while waiting:
        path, resource = waiting.pop()
        for name, method in METHODS.items():
            if hasattr(resource, name):
                own = f"{path}/{{id}}" if name in MEMBERS else path or "/"
                yield method, own, getattr(resource, name).contract
        waiting += [(f"{path}/{name}", child) for name, child in resource.children.items()]
        waiting += [(f"{path}/{{id}}/{name}", part) for name, part in resource.members.items()]


RULES = {rule.name: rule for rule in list_rules()}
DOCUMENTED = {name: rule for name, rule in RULES.items() if hasattr(rule, "operations")}
ROUTES = [pytest.param(*route, id=f"{route[0]} {route[1]}") for route in routes()]


@pytest.mark.parametrize(("method", "path", "contract"), ROUTES)
def test_a_route_asks_a_rule_that_is_documented_for_it(method, path, contract):
    rule = DOCUMENTED[contract.rule]
    assert {"method": method, "path": path} in rule.operations
    assert rule.description
    assert rule.scope_types == ["system", "project"]


def test_the_tree_has_the_routes_of_members():
    found = {(method, path) for method, path, _ in routes()}
    assert ("GET", "/v1/sales_orders/{id}/lines/{id}") in found
    assert ("GET", "/v1/records/{id}/explain") in found
    assert ("GET", "/") in found


def test_every_operation_of_a_rule_is_a_route():
    found = {(method, path, contract.rule) for method, path, contract in routes()}
    for name, rule in DOCUMENTED.items():
        for operation in rule.operations:
            asked = [r for m, p, r in found if (m, p) == (operation["method"], operation["path"])]
            assert asked, operation
            assert name in asked or name in BESIDE


def policy():
    return Policy(options.load([], default_config_files=[]))


READER = Caller(name="reader", tenant_id="acme", roles=frozenset({"reader"}))


@pytest.mark.parametrize(("method", "path", "contract"), ROUTES)
def test_what_a_tenant_may_ask_is_scoped(method, path, contract):
    try:
        policy().authorise(contract.rule, READER)
    except Forbidden:
        return
    assert contract.scoped or contract.rule in OPEN
    assert method == "GET"


def test_the_sample_of_the_policy_is_what_the_rules_say(tmp_path):
    """Else: oslopolicy-sample-generator --config-file etc/ratings/policy-generator.conf"""
    made = tmp_path / "policy.yaml"
    arguments = ["--namespace", "ratings", "--output-file", str(made)]
    generator.generate_sample(arguments, cfg.ConfigOpts())
    sample = shipped.migrations().parent / "etc" / "ratings" / "policy.yaml.sample"
    assert _words(sample.read_text(encoding="utf-8")) == _words(made.read_text(encoding="utf-8"))


def _words(text):
    """Where lines are broken is up to the release of oslo.policy."""
    return text.replace("#", " ").split()
