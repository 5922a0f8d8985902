"""The mapping file: read strictly, asked in order."""

import re
from textwrap import dedent

import pytest
import yaml

from ratings.core.deliveries import Refused, Unreachable
from ratings.core.errors import DefinitionError
from ratings.erp.mapping import parse, reader
from ratings.tests.bills import february

FILE = """
    rounding: "0099"
    products:
      - {component: vcpu, region: RegionTwo, product: VCPU-2}
      - {component: vcpu, product: VCPU, unit: Hours}
      - {component: volume, resource_type: volume, product: VOLUME}
      - {kind: usage, product: OTHER}
      - {kind: discount, product: DISCOUNT}
    partners:
      acme: 0815
      1234: C-2
"""


def catalogue(text=FILE, **changes):
    return parse({**yaml.load(dedent(text), yaml.BaseLoader), **changes})


LINES = {(line.kind, line.component): line for line in february().order.lines}
VCPU = LINES["usage", "vcpu"]


def test_the_first_product_whose_conditions_hold_is_sold():
    found = catalogue()
    other = VCPU._replace(subject=VCPU.subject._replace(region="RegionTwo"))
    assert found.rule(VCPU).product == "VCPU"
    assert found.rule(other).product == "VCPU-2"
    assert found.rule(LINES["usage", "volume"]).product == "VOLUME"
    assert found.rule(LINES["usage", "traffic"]).product == "OTHER"
    assert found.rule(LINES["discount", None]).product == "DISCOUNT"


def test_what_the_file_does_not_know_is_refused_by_name():
    with pytest.raises(Refused, match="kind credit, component none") as refused:
        catalogue().rule(LINES["credit", None])
    assert refused.value.code == "product_unknown"


def test_usage_of_a_component_is_not_its_free_units():
    with pytest.raises(Refused, match="kind free, component vcpu"):
        catalogue().rule(LINES["free", "vcpu"])


def test_codes_of_digits_stay_what_they_are_without_quotes():
    found = catalogue()
    assert found.partner("acme") == "0815"
    assert found.partner("1234") == "C-2"
    assert found.rounding == "0099"


def test_tenants_that_are_not_in_the_file_are_refused_unless_it_says_otherwise():
    with pytest.raises(Refused, match="no partner for tenant globex") as refused:
        catalogue().partner("globex")
    assert refused.value.code == "partner_unknown"
    assert catalogue(other_partners="tenant_id").partner("globex") == "globex"
    assert catalogue(other_partners={"partner": "SUNDRY"}).partner("globex") == "SUNDRY"
    assert catalogue(other_partners={"partner": "SUNDRY"}).partner("acme") == "0815"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"produkts": []}, "the mapping file: produkts is unknown"),
        ({"products": "all"}, "products: must be a list"),
        ({"products": [{"component": "vcpu"}]}, "products[0]: needs product, and component or"),
        ({"products": [{"product": "X"}]}, "products[0]: needs product, and component or kind"),
        ({"products": [{"product": "X", "kind": "usage", "tier": "1"}]}, "tier is unknown"),
        ({"products": [{"product": ["X"], "kind": "usage"}]}, "products[0].product: must be a"),
        ({"rounding": ""}, "rounding: must be a text"),
        ({"partners": {"acme": {}}}, "partners.acme: must be a text"),
        ({"other_partners": "all"}, "other_partners: must be a mapping"),
        ({"lines": "day"}, "lines: must be one of price, line"),
        ({"quantities": "maybe"}, "quantities: must be one of true, false"),
        ({"digits": {"price": "two"}}, "digits.price: must be a whole number from 0 to 12"),
        ({"digits": {"quantity": "-1"}}, "digits.quantity: must be a whole number"),
    ],
)
def test_a_mistake_is_told_with_its_place(changes, says):
    with pytest.raises(DefinitionError, match=re.escape(says)):
        catalogue(**changes)


def test_a_file_is_read_again_when_it_has_changed(tmp_path):
    path = tmp_path / "mapping.yaml"
    path.write_text(dedent(FILE))
    read = reader(str(path))
    first = read()
    assert read() is first
    mended = tmp_path / "mended.yaml"
    mended.write_text(dedent(FILE).replace("0815", "4711"))
    mended.replace(path)
    assert read().partner("acme") == "4711"


@pytest.mark.parametrize("text", ["products: [", "rounding: x", None, "\udcff"])
def test_without_a_file_that_can_be_read_nothing_is_delivered(tmp_path, text):
    path = tmp_path / "mapping.yaml"
    if text is not None:
        path.write_text(text, errors="surrogateescape")
    with pytest.raises(Unreachable) as broken:
        reader(str(path))()
    assert broken.value.code == "mapping_invalid"
    assert str(path) in broken.value.detail
