"""FOCUS 1.2: what the validators on the Python package index say, and that costs add up."""

import csv
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest
from focus_data_toolkit.model.validator import lint_focus_1_4_structure
from focus_data_toolkit.schema.detection import detect_focus_schema
from focus_data_toolkit.schema.registry import mandatory_columns, version_columns
from hypothesis import given, settings
from msgspec.structs import replace as changed
from pyarrow import parquet

from ratings.core.composing import exact_sum
from ratings.exporters import NotExportable, drafted
from ratings.exporters.focus import EXPORTER, PARQUET
from ratings.exporters.focus_rows import COLUMNS
from ratings.exporters.parties import Service
from ratings.exporters.services import OTHER, SERVICES
from ratings.tests.bills import (
    FEBRUARY,
    HOUR,
    ISSUED,
    JANUARY,
    MARCH,
    PARTIES,
    SNAPSHOT,
    VCPU,
    VOLUME,
    WEB,
    bill,
    february,
    issued,
    orders,
    usage,
)

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")

#: Rules of the official model that hold for no bill at all: their conditions are not in it.
#: The first wants each cost to be zero, the second each InvoiceId to be null.
IMPOSSIBLE = {"BilledCost-C-000-M", "BilledCost-C-005-C", "InvoiceId-C-004-C"}

#: What is true of ratings, in the words of the model.
SUPPORTED = """
    ACCOUNT_NAMING NEGOTIATED_PRICING PUBLIC_PRICE_LIST USAGE_MEASUREMENT UNIT_PRICING SUB_ACCOUNT
    BILLING_BASED_ON_PROVISIONED_RESOURCES RESOURCE_TYPE_ASSIGNMENT REGION
    MULTIPLE_SUB_ACCOUNT_TYPES MULTIPLE_BILLING_ACCOUNT_TYPES MULTIPLE_PRICING_CATEGORIES"""


def rows(order, parties=PARTIES):
    text = EXPORTER.export(order, parties).decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def violations(found):
    """What the linter of focus-data-toolkit says, to which two columns of 1.2 have new names."""
    renamed = {"ProviderName": "ServiceProviderName", "PublisherName": "HostProviderName"}
    later = [{renamed.get(name, name): value for name, value in row.items()} for row in found]
    supported = ["SupportsUnitPricing", "SupportsMultiplePricingCategories"]
    report = lint_focus_1_4_structure("Cost and Usage", later, supported_conditions=supported)
    return report.messages()


def of_hours(price, quantity, hours, subject=WEB):
    return usage(subject, price, Decimal(quantity), FEBRUARY, FEBRUARY + hours * HOUR)


def test_the_columns_are_those_of_cost_and_usage_1_2():
    assert detect_focus_schema(COLUMNS).detected_version == "1.2"
    assert mandatory_columns("Cost and Usage", "1.2") <= set(COLUMNS)
    foreign = set(COLUMNS) - version_columns("Cost and Usage", "1.2")
    assert all(name.startswith("x_") for name in foreign)


def test_the_linter_finds_nothing():
    assert violations(rows(february())) == []


def test_the_linter_is_really_asked():
    broken = [row | {"ListCost": "1"} for row in rows(february())]
    assert any("cost_not_unit_price_times_quantity" in told for told in violations(broken))


@pytest.mark.slow
@pytest.mark.skipif(find_spec("focus_validator") is None, reason="needs Python 3.12 or newer")
@pytest.mark.parametrize("exporter", [EXPORTER, PARQUET], ids=["csv", "parquet"])
def test_the_official_validator_finds_only_what_no_bill_could_keep(exporter, tmp_path):
    file = tmp_path / f"bill{exporter.suffix}"
    file.write_bytes(exporter.export(february(), PARTIES))
    supported = ",".join(f"{name}_SUPPORTED" for name in SUPPORTED.split())
    report = subprocess.run(
        [
            *(sys.executable, "-m", "focus_validator.main", "--data-file", str(file)),
            *("--validate-version", "1.2.0.1", "--block-download"),
            *("--applicability-criteria", supported),
        ],
        # It looks for its own data from where its package lies.
        cwd=Path(find_spec("focus_validator").origin).parent.parent,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
    ).stdout
    assert len(re.findall(": PASS", report)) > 250
    assert set(re.findall(r"(\S+): FAIL", report)) == IMPOSSIBLE


def test_usage_is_counted_in_what_its_price_buys():
    (row,) = rows(issued(bill([of_hours(VCPU, 2, 100)])))
    assert row["ChargeCategory"] == "Usage"
    assert (row["PricingQuantity"], row["PricingUnit"]) == ("200.0", "vcpu-Hours")
    assert (row["ListUnitPrice"], row["SkuPriceId"]) == ("0.0123", "price-1")
    assert (row["ServiceCategory"], row["ServiceSubcategory"]) == ("Compute", "Virtual Machines")
    assert (row["SubAccountId"], row["BillingAccountId"]) == ("acme", "C-1001")
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == (
        "2026-02-01T00:00:00Z",
        "2026-02-05T04:00:00Z",
    )


def test_a_month_is_a_month_however_long_it_is():
    since, until = FEBRUARY - 15 * 24 * HOUR, MARCH
    items = [
        usage(WEB, VOLUME, Decimal(2), since, FEBRUARY),
        usage(WEB, VOLUME, Decimal(2), FEBRUARY, until),
    ]
    found = rows(issued(bill(items)))
    numbers = {row["ChargeClass"]: row["PricingQuantity"] for row in found if row["SkuId"]}
    assert numbers[""] == "2.0"
    assert Decimal(numbers["Correction"]) == round(Decimal(30) / 31, 18)


def test_months_that_became_one_line_are_counted_each_by_its_length():
    items = [
        usage(WEB, VOLUME, Decimal(2), FEBRUARY, MARCH),
        usage(WEB, VOLUME, Decimal(2), MARCH, MARCH + 31 * 24 * HOUR),
    ]
    found = rows(issued(bill(items)))
    assert [row["PricingQuantity"] for row in found if row["SkuId"]] == ["4.0"]


def test_counted_things_that_became_one_line_are_counted_all():
    items = [
        usage(WEB, SNAPSHOT, Decimal("3.5"), FEBRUARY + n * HOUR, FEBRUARY + (n + 1) * HOUR)
        for n in range(3)
    ]
    (row,) = rows(issued(bill(items)))
    assert (row["PricingQuantity"], row["PricingUnit"]) == ("10.5", "traffic")
    assert row["BilledCost"] == "1.05"


def test_a_correction_stands_in_the_period_of_the_order_for_the_time_that_it_corrects():
    taken_back = [row for row in rows(february()) if row["BilledCost"] == "-2.8"]
    (row,) = taken_back
    assert (row["ChargeClass"], row["x_CorrectionReason"]) == ("Correction", "late_evidence")
    assert (row["PricingQuantity"], row["ListUnitPrice"]) == ("-40.0", "0.07")
    assert (row["ChargePeriodStart"], row["BillingPeriodStart"]) == (
        JANUARY.strftime("%Y-%m-%dT%H:%M:%SZ"),
        FEBRUARY.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def test_each_kind_of_line_has_its_category():
    categories = {row["x_LineKind"]: row["ChargeCategory"] for row in rows(february())}
    assert categories == {
        "usage": "Usage",
        "free": "Adjustment",
        "tier": "Adjustment",
        "discount": "Credit",
        "minimum": "Adjustment",
        "credit": "Credit",
        "rounding": "Adjustment",
    }


def test_an_adjustment_of_a_component_belongs_to_the_service_of_that_component():
    by_kind = {row["x_LineKind"]: row["ServiceName"] for row in rows(february())}
    assert by_kind["free"] == SERVICES["instance"].name
    assert by_kind["credit"] == OTHER.name


def test_usage_without_a_price_is_no_charge():
    assert all(row["SkuId"] != "floating_ip" for row in rows(february()))


def test_an_operator_names_a_service_that_the_table_does_not_know():
    ship = Service(category="Other", subcategory="Other (Other)", name="Starfleet")
    order = issued(bill([of_hours(VCPU, 1, 1, WEB._replace(resource_type="spaceship"))]))
    assert rows(order)[0]["ServiceName"] == OTHER.name
    known = changed(PARTIES, services={"spaceship": ship})
    assert rows(order, known)[0]["ServiceName"] == "Starfleet"


def test_a_draft_is_on_no_invoice():
    found = rows(drafted(february().order, ISSUED))
    assert {(row["InvoiceId"], row["x_OrderStatus"]) for row in found} == {("", "draft")}
    assert {row["InvoiceId"] for row in rows(february())} == {"RC-7"}


def test_a_name_that_is_only_the_id_again_is_no_name():
    order = issued(bill([of_hours(VCPU, 1, 1, WEB._replace(name=WEB.resource_id))]))
    assert rows(order)[0]["ResourceName"] == ""


def test_parquet_says_the_same_in_decimals_and_instants():
    table = parquet.read_table(io.BytesIO(PARQUET.export(february(), PARTIES)))
    assert [str(table.schema.field(name).type) for name in ("BilledCost", "ListUnitPrice")] == [
        "decimal128(38, 12)",
        "decimal128(38, 24)",
    ]
    assert str(table.schema.field("ChargePeriodStart").type) == "timestamp[us, tz=UTC]"
    as_csv = rows(february())
    assert len(as_csv) == table.num_rows
    for row, cells in zip(table.to_pylist(), as_csv, strict=True):
        for name, cell in cells.items():
            found = row[name]
            if isinstance(found, Decimal):
                assert found == Decimal(cell), name
            elif found is None or isinstance(found, str):
                assert (found or "") == cell, name


def test_what_is_too_long_for_parquet_is_refused():
    order = bill([of_hours(replace(VCPU, unit_price=Decimal("1E12")), Decimal("1E20"), 1)])
    with pytest.raises(NotExportable, match="too long"):
        PARQUET.export(issued(order), PARTIES)


@settings(deadline=None)
@given(orders())
def test_every_cost_adds_up_to_the_total_and_with_the_rounding_to_what_is_payable(order):
    found = rows(issued(order))
    for cost in COSTS:
        amounts = [Decimal(row[cost]) for row in found]
        assert exact_sum(amounts) == (order.payable if found else 0)
        exact = [Decimal(row[cost]) for row in found if row["x_LineKind"] != "rounding"]
        assert exact_sum(exact) == order.total


@settings(deadline=None)
@given(orders())
def test_whatever_is_billed_the_linter_finds_nothing(order):
    found = rows(issued(order))
    # The linter trims texts, and FOCUS wants them as they are.
    told = [each for each in violations(found) if not re.search("null_not_allowed", each)]
    assert not found or told == []
