"""The audit: silent about what ratings has written, and never about what somebody changed."""

import random
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ratings import orders
from ratings.auditing import audit
from ratings.cmd import manage
from ratings.core.errors import InvalidInput
from ratings.db import adjustments, sales_orders
from ratings.db.audit.check import chain
from ratings.db.engine import create_engine
from ratings.tests import clouds, histories, naive
from ratings.tests.conftest import create, temporary, url_of
from ratings.tests.journals import journal, price
from ratings.tests.ledgers import NOW, SETTINGS, add_prices, empty, rate, rater, rows, scalar

NO_GRACE = timedelta(0)
"""In a test nothing happens at the same time."""


@pytest.fixture(scope="module")
def lived(postgres, administrator, template):
    """The name of a database with a history, made once."""
    create(administrator, "template_lived", template)
    engine = create_engine(url_of(postgres, "template_lived"))
    histories.live(engine)
    engine.dispose()
    return "template_lived"


@pytest.fixture
def history(postgres, administrator, lived):
    """An engine on a copy of it."""
    yield from temporary(postgres, administrator, lived)


def found(engine, **more):
    return list(audit(engine, SETTINGS, grace=NO_GRACE, **more))


def codes(engine, **more):
    return {finding.code for finding in found(engine, **more)}


def manipulate(engine, *statements):
    """What somebody can do who may do everything: triggers and foreign keys sleep."""
    with engine.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in statements:
            assert conn.exec_driver_sql(statement).rowcount != 0, f"changed nothing: {statement}"


def test_an_untouched_database_gives_no_finding(history):
    assert scalar(history, "SELECT count(*) FROM sales_order_lines WHERE sign = -1") > 0
    assert scalar(history, "SELECT count(*) FROM records WHERE superseded_at IS NOT NULL") > 0
    assert scalar(history, "SELECT count(*) FROM parked_events") == 1
    assert found(history) == []
    assert list(audit(history, SETTINGS)) == []


BILLED = """(SELECT min(r.id) FROM records r JOIN sales_order_lines l ON l.record_id = r.id
    WHERE superseded_at IS NULL AND amount > 0)"""
UNBILLED = """(SELECT min(id) FROM records r WHERE superseded_at IS NULL AND amount > 0
    AND NOT EXISTS (SELECT FROM sales_order_lines l WHERE l.record_id = r.id))"""
REVERSED = "(SELECT min(record_id) FROM sales_order_lines WHERE sign = -1)"
IDLE = """(SELECT min(id) FROM records r WHERE superseded_at IS NOT NULL AND amount > 0
    AND NOT EXISTS (SELECT FROM sales_order_lines l WHERE l.record_id = r.id))"""
UNPRICED = """(SELECT min(r.id) FROM records r JOIN sales_order_lines l ON l.record_id = r.id
    WHERE superseded_at IS NULL AND amount IS NULL)"""
LINE = f"record_id = {BILLED} AND sign = 1"
COLUMNS = """resource_id, component_id, span, tenant_id, quantity, metadata, currency,
    unit_price, price_id, amount"""
AT = "(SELECT id FROM resources WHERE resource_id = '{}')"
PRICE = "(SELECT p.id FROM prices p JOIN components c ON c.id = component_id WHERE c.name = '{}')"
NO_RECORDS_OVERLAP = "ALTER TABLE records DROP CONSTRAINT ex_records_overlap"
NO_RECORD_CHECKS = """ALTER TABLE records DROP CONSTRAINT ck_records_quantity,
    DROP CONSTRAINT ck_records_priced, DROP CONSTRAINT ck_records_span,
    DROP CONSTRAINT ck_records_bounded, DROP CONSTRAINT ex_records_overlap"""
ONE_LINE = "ALTER TABLE sales_order_lines DROP CONSTRAINT uq_sales_order_lines_record_id_sign"

BUDGET = """INSERT INTO budgets (tenant_id, period, amount, currency, thresholds, created_at)
    VALUES ('acme', 'day', 10, 'USD', '[{"kind": "actual", "percent": "50"}]', now())"""
ALERT = """INSERT INTO budget_alerts (budget_id, kind, percent, span, amount, spent, crossed_at)
    VALUES (1, 'actual', {}, '[2026-01-01, 2026-01-02)', 10, {}, now())"""

NUMBERED = {
    "sales_orders": "id",
    "sales_order_lines": "order_id",
    "sales_order_resources": "order_id",
    "sales_order_adjustments": "order_id",
}

MANIPULATIONS = {
    # Adjustments of orders.
    "an adjustment is changed": (
        "order_adjustments",
        "UPDATE sales_order_adjustments SET amount = amount - 1 WHERE position = 1",
    ),
    "an adjustment is removed": (
        "order_adjustments",
        "DELETE FROM sales_order_adjustments WHERE order_id = 1 AND kind = 'discount'",
    ),
    "an adjustment is added": (
        "order_digest",
        """INSERT INTO sales_order_adjustments
           SELECT order_id, 99, kind, source, component, unit, quantity, unit_price, span, amount,
                  description, sign, reason
           FROM sales_order_adjustments WHERE order_id = 1 AND position = 1""",
    ),
    "a recalculation is removed": (
        "order_adjustments",
        "DELETE FROM sales_order_adjustments WHERE reason IS NOT NULL AND sign = -1",
    ),
    "a discount is changed": (
        "order_adjustments",
        "UPDATE terms SET value = value + 1 WHERE kind = 'discount_percent'",
    ),
    "free units are changed": ("order_adjustments", "UPDATE prices SET free = 1 WHERE free > 1"),
    "a credit was less": (
        "credit_overdrawn",
        "UPDATE terms SET value = 0.01 WHERE kind = 'credit'",
    ),
    "a credit was somebody else's": (
        "credit_foreign",
        "UPDATE terms SET tenant_id = 'globex' WHERE kind = 'credit'",
    ),
    "a credit was more": (
        "credit_amount",
        "UPDATE terms SET value = 100 WHERE kind = 'credit'",
    ),
    "a credit was in another currency": (
        "credit_amount",
        "UPDATE terms SET currency = 'EUR' WHERE kind = 'credit'",
    ),
    "a credit was for something else": (
        "credit_amount",
        "UPDATE terms SET reason = 'gift' WHERE kind = 'credit'",
    ),
    "a credit has begun after what it paid": (
        "credit_amount",
        "UPDATE terms SET validity = '[2026-01-02,)' WHERE kind = 'credit'",
    ),
    "a credit pays less": (
        "credit_amount",
        """UPDATE sales_order_adjustments SET amount = amount + 0.01, quantity = quantity - 0.01
           WHERE kind = 'credit' AND order_id = 1""",
    ),
    "a tenant is said to be billed in another currency": (
        "tenant_currency",
        "INSERT INTO tenants VALUES ('acme', 'EUR')",
    ),
    # The outbox.
    "a delivery is said to be made before the one it waits for": (
        "delivery_order",
        """INSERT INTO outbox (order_id, driver, state, attempts, reference, delivered_at)
           VALUES (1, 'odoo', 'pending', 0, NULL, NULL),
                  (3, 'odoo', 'delivered', 1, 'S1', now())""",
    ),
    "a delivery of no order is there": (
        "delivery_incomplete",
        "INSERT INTO outbox (order_id, driver) VALUES (99, 'odoo')",
    ),
    # Budgets.
    "an alert says more than was spent": (
        "alert_unfounded",
        BUDGET,
        "ALTER TABLE budget_alerts DROP CONSTRAINT ck_budget_alerts_crossed",
        ALERT.format("50", "4"),
    ),
    "an alert is about a threshold that its budget has not": (
        "alert_unfounded",
        BUDGET,
        ALERT.format("40", "5"),
    ),
    "an alert is about no budget": ("alert_unfounded", ALERT.format("50", "5")),
    "a budget has become larger": (
        "alert_unfounded",
        BUDGET,
        ALERT.format("50", "5"),
        "UPDATE budgets SET amount = 11",
    ),
    "a threshold is told twice": (
        "alert_twice",
        BUDGET,
        "DROP INDEX uq_budget_alerts_once",
        ALERT.format("50", "5"),
        ALERT.format("50.0", "6"),
    ),
    "an alert that was not raised is delivered": (
        "alert_delivery_incomplete",
        """INSERT INTO budget_deliveries (alert_id, driver, next_attempt_at)
           VALUES (9, 'webhook', now())""",
    ),
    "an alert is said to have arrived nowhere": (
        "alert_delivery_incomplete",
        BUDGET,
        ALERT.format("50", "5"),
        "ALTER TABLE budget_deliveries DROP CONSTRAINT ck_budget_deliveries_delivered",
        """INSERT INTO budget_deliveries (alert_id, driver, next_attempt_at, state)
           VALUES (1, 'webhook', now(), 'delivered')""",
    ),
    "a credit is not kept": (
        "order_digest",
        "DELETE FROM sales_order_adjustments WHERE kind = 'credit'",
    ),
    # Lines of orders.
    "a line is removed": ("order_digest", f"DELETE FROM sales_order_lines WHERE {LINE}"),
    "a reversal is removed": (
        "reversal_missing",
        f"DELETE FROM sales_order_lines WHERE sign = -1 AND record_id = {REVERSED}",
    ),
    "a line is added": (
        "order_total",
        f"INSERT INTO sales_order_lines VALUES (4, {UNBILLED}, 1, NULL)",
    ),
    "a line is moved to another order": (
        "line_reason",
        f"UPDATE sales_order_lines SET order_id = 3 WHERE {LINE} AND order_id = 1",
    ),
    "a line is moved to another tenant": (
        "line_tenant",
        f"UPDATE sales_order_lines SET order_id = 2 WHERE {LINE}",
    ),
    "a line points at the record of another line": (
        "order_digest",
        ONE_LINE,
        """UPDATE sales_order_lines l SET record_id = b
           FROM (SELECT min(record_id) AS a, max(record_id) + 1 AS b FROM sales_order_lines) AS s
           WHERE record_id = a AND sign = 1""",
    ),
    "two lines of two orders are swapped": (
        "order_digest",
        ONE_LINE,
        """UPDATE sales_order_lines l SET record_id = CASE order_id WHEN 1 THEN b ELSE a END
           FROM (SELECT min(record_id) FILTER (WHERE order_id = 1) AS a,
                        min(record_id) FILTER (WHERE order_id = 2) AS b
                 FROM sales_order_lines) AS s
           WHERE l.order_id = 1 AND l.record_id = a OR l.order_id = 2 AND l.record_id = b""",
    ),
    "a line is reversed in its sign": (
        "reversal_unbilled",
        f"UPDATE sales_order_lines SET sign = -1 WHERE {LINE}",
    ),
    "a line gets a reason": (
        "line_reason",
        f"UPDATE sales_order_lines SET reason = 'late_usage' WHERE {LINE}",
    ),
    "a correction gets another reason": (
        "order_digest",
        "UPDATE sales_order_lines SET reason = 'disproved' WHERE sign = -1",
    ),
    "a correction loses its reason": (
        "line_reason",
        "UPDATE sales_order_lines SET reason = NULL WHERE sign = -1",
    ),
    "a record is billed twice": (
        "billed_twice",
        ONE_LINE,
        f"INSERT INTO sales_order_lines SELECT 5, record_id, 1 FROM sales_order_lines WHERE {LINE}",
    ),
    "a record is taken back twice": (
        "reversed_twice",
        ONE_LINE,
        f"INSERT INTO sales_order_lines VALUES (2, {REVERSED}, -1, 'disproved')",
    ),
    "a current record is taken back": (
        "reversal_current",
        f"INSERT INTO sales_order_lines VALUES (5, {BILLED}, -1, 'disproved')",
    ),
    "what is not billed yet is taken back": (
        "reversal_unbilled",
        f"INSERT INTO sales_order_lines VALUES (4, {UNBILLED}, -1, 'disproved')",
    ),
    "a line is added for a record that is not there": (
        "line_orphaned",
        "INSERT INTO sales_order_lines VALUES (1, 999999, 1, NULL)",
    ),
    "a line is added for an order that is not there": (
        "line_orphaned",
        f"INSERT INTO sales_order_lines VALUES (99, {UNBILLED}, 1, NULL)",
    ),
    # Orders.
    "a total is changed": ("order_total", "UPDATE sales_orders SET total = 0.01 WHERE id = 1"),
    "payable is changed": ("order_payable", "UPDATE sales_orders SET payable = 0 WHERE id = 1"),
    "a digest is changed": (
        "order_digest",
        "UPDATE sales_orders SET digest = repeat('0', 64) WHERE id = 3",
    ),
    "the digest of an order breaks the chain": (
        "order_previous",
        "UPDATE sales_orders SET digest = repeat('0', 64) WHERE id = 3",
    ),
    "a previous digest is changed": (
        "order_previous",
        "UPDATE sales_orders SET previous_digest = repeat('0', 64) WHERE id = 3",
    ),
    "a previous digest is taken away": (
        "order_previous",
        "UPDATE sales_orders SET previous_digest = NULL WHERE id = 5",
    ),
    "two orders swap their digests": (
        "order_digest",
        "ALTER TABLE sales_orders DROP CONSTRAINT uq_sales_orders_digest",
        """UPDATE sales_orders o SET digest = s.digest FROM sales_orders s
           WHERE (o.id, s.id) IN ((1, 3), (3, 1))""",
    ),
    "two orders swap their numbers": (
        "order_sequence",
        *(
            f"UPDATE {table} SET {number} = {after} WHERE {number} = {before}"
            for table, number in NUMBERED.items()
            for before, after in ((1, 0), (3, 1), (0, 3))
        ),
    ),
    "an order was issued before the one that it follows": (
        "order_sequence",
        "UPDATE sales_orders SET created_at = created_at - interval '1 year' WHERE id = 3",
    ),
    "an order ends earlier": (
        "order_gap",
        """UPDATE sales_orders SET span = tstzrange(lower(span), upper(span) - interval '1 h')
           WHERE id = 1""",
    ),
    "the last order ends earlier": (
        "line_span",
        """UPDATE sales_orders SET span = tstzrange(lower(span), '2026-01-01 18:30Z')
           WHERE id = 5""",
    ),
    "the first order begins earlier": (
        "order_digest",
        "UPDATE sales_orders SET span = tstzrange('2025-12-01', upper(span)) WHERE id = 1",
    ),
    "an order ends later": (
        "orders_overlap",
        "ALTER TABLE sales_orders DROP CONSTRAINT ex_sales_orders_overlap",
        """UPDATE sales_orders SET span = tstzrange(lower(span), upper(span) + interval '1 h')
           WHERE id = 1""",
    ),
    "an order includes its end": (
        "order_span",
        """UPDATE sales_orders SET span = tstzrange(lower(span), upper(span), '[]')
           WHERE id = 5""",
    ),
    "an order has no end": (
        "order_span",
        "UPDATE sales_orders SET span = tstzrange(lower(span), 'infinity') WHERE id = 5",
    ),
    "an order is another tenant's": (
        "line_tenant",
        "UPDATE sales_orders SET tenant_id = 'initech' WHERE id = 5",
    ),
    "an order is in another currency": (
        "line_currency",
        "UPDATE sales_orders SET currency = 'EUR' WHERE id = 1",
    ),
    "an order in the middle is removed": (
        "order_gap",
        "DELETE FROM sales_order_lines WHERE order_id = 3",
        "DELETE FROM sales_order_resources WHERE order_id = 3",
        "DELETE FROM sales_orders WHERE id = 3",
    ),
    "the last order is removed": (
        "record_unfounded",
        "DELETE FROM sales_order_lines WHERE order_id = 5",
        "DELETE FROM sales_order_resources WHERE order_id = 5",
        "DELETE FROM sales_orders WHERE id = 5",
    ),
    "an order is removed and its lines are left": (
        "line_orphaned",
        "DELETE FROM sales_orders WHERE id = 5",
    ),
    "an order calls a resource otherwise": (
        "order_digest",
        "UPDATE sales_order_resources SET name = 'www' WHERE order_id = 1 AND name = 'web'",
    ),
    "an order forgets what a resource was called": (
        "name_missing",
        "DELETE FROM sales_order_resources WHERE order_id = 1 AND name = 'web'",
    ),
    "an order knows a resource that it has no line of": (
        "name_unused",
        f"INSERT INTO sales_order_resources VALUES (2, {AT.format('i1')}, 'web')",
    ),
    # Records.
    "the amount of a billed record is changed": (
        "record_amount",
        f"UPDATE records SET amount = amount + 1e-12 WHERE id = {BILLED}",
    ),
    "the amount of an unbilled record is changed": (
        "record_amount",
        f"UPDATE records SET amount = amount * 2 WHERE id = {UNBILLED}",
    ),
    "the amount of a reversed record is changed": (
        "record_amount",
        f"UPDATE records SET amount = amount + 1 WHERE id = {REVERSED}",
    ),
    "the amount of a superseded record that nobody billed is changed": (
        "record_amount",
        f"UPDATE records SET amount = amount + 1 WHERE id = {IDLE}",
    ),
    "the quantity of a billed record is changed": (
        "record_changed",
        f"UPDATE records SET quantity = quantity + 1 WHERE id = {BILLED}",
    ),
    "quantity and amount of an unbilled record are doubled": (
        "record_changed",
        f"UPDATE records SET quantity = quantity * 2, amount = amount * 2 WHERE id = {UNBILLED}",
    ),
    "the quantity of unpriced usage is changed": (
        "record_changed",
        f"UPDATE records SET quantity = quantity + 1 WHERE id = {UNPRICED}",
    ),
    "a billed record is shortened": (
        "record_changed",
        f"""UPDATE records SET span = tstzrange(lower(span), upper(span) - interval '1 min')
            WHERE id = {BILLED}""",
    ),
    "an unbilled record begins later": (
        "record_missing",
        f"""UPDATE records SET span = tstzrange(lower(span) + interval '1 min', upper(span))
            WHERE id = {UNBILLED}""",
    ),
    "a record is another tenant's": (
        "line_tenant",
        f"UPDATE records SET tenant_id = 'initech' WHERE id = {BILLED}",
    ),
    "an unbilled record is another tenant's": (
        "record_changed",
        f"UPDATE records SET tenant_id = 'acme' WHERE id = {UNBILLED}",
    ),
    "a record is in another currency": (
        "line_currency",
        f"UPDATE records SET currency = 'EUR' WHERE id = {BILLED}",
    ),
    "a record has another price": (
        "record_price",
        f"UPDATE records SET price_id = {PRICE.format('router')} WHERE id = {BILLED}",
    ),
    "a record has a price that is not there": (
        "record_price",
        f"UPDATE records SET price_id = 999 WHERE id = {BILLED}",
    ),
    "a record loses its price": (
        "record_changed",
        f"""UPDATE records SET price_id = NULL, unit_price = NULL, amount = NULL
            WHERE id = {BILLED}""",
    ),
    "a record counts another component": (
        "order_digest",
        f"""UPDATE records SET component_id = (SELECT id FROM components WHERE name = 'vpn')
            WHERE id = {BILLED}""",
    ),
    "a record is of another resource": (
        "record_unfounded",
        f"UPDATE records SET resource_id = {AT.format('r1')} WHERE id = {BILLED}",
    ),
    "a record is of no resource": (
        "record_unplaced",
        f"UPDATE records SET resource_id = 999 WHERE id = {UNBILLED}",
    ),
    "a current record is superseded": (
        "record_missing",
        f"UPDATE records SET superseded_at = now() WHERE id = {UNBILLED}",
    ),
    "a superseded record is current again": (
        "records_overlap",
        NO_RECORDS_OVERLAP,
        f"UPDATE records SET superseded_at = NULL WHERE id = {REVERSED}",
    ),
    "a billed record is deleted": ("line_orphaned", f"DELETE FROM records WHERE id = {BILLED}"),
    "an unbilled record is deleted": (
        "record_missing",
        f"DELETE FROM records WHERE id = {UNBILLED}",
    ),
    "a phantom record is inserted after the last order": (
        "record_unfounded",
        f"""INSERT INTO records ({COLUMNS}) SELECT resource_id, component_id,
            '[2026-01-05, 2026-01-06)', tenant_id, quantity, metadata, currency, NULL, NULL, NULL
            FROM records WHERE id = {UNBILLED}""",
    ),
    "a record is inserted twice": (
        "records_overlap",
        NO_RECORDS_OVERLAP,
        f"INSERT INTO records ({COLUMNS}) SELECT {COLUMNS} FROM records WHERE id = {UNBILLED}",
    ),
    "a quantity is negative": (
        "record_invalid",
        NO_RECORD_CHECKS,
        f"UPDATE records SET quantity = -1 WHERE id = {UNBILLED}",
    ),
    "a quantity is no number": (
        "record_invalid",
        NO_RECORD_CHECKS,
        f"UPDATE records SET quantity = 'NaN' WHERE id = {BILLED}",
    ),
    "a span is empty": (
        "record_invalid",
        NO_RECORD_CHECKS,
        f"UPDATE records SET span = 'empty' WHERE id = {UNBILLED}",
    ),
    "a span never ends": (
        "record_invalid",
        NO_RECORD_CHECKS,
        f"UPDATE records SET span = tstzrange(lower(span), 'infinity') WHERE id = {UNBILLED}",
    ),
    "a record has a price and no amount": (
        "record_invalid",
        NO_RECORD_CHECKS,
        f"UPDATE records SET amount = NULL WHERE id = {UNBILLED}",
    ),
    # The journal.
    "an event is deleted": (
        "record_changed",
        "DELETE FROM events WHERE message_id = 'volume-late'",
    ),
    "the last event of a resource is deleted": (
        "resource_state",
        "DELETE FROM events WHERE message_id = 'volume-later'",
    ),
    "an event says something else": (
        "record_changed",
        """UPDATE events SET content = content || '{"size": 7}'
           WHERE message_id = 'volume-late'""",
    ),
    "an event is moved in time": (
        "record_missing",
        """UPDATE events SET event_time = event_time + interval '1 min'
           WHERE message_id = 'volume-late'""",
    ),
    "an event tells of another tenant": (
        "record_changed",
        "UPDATE events SET tenant_id = 'initech' WHERE message_id = 'volume-sold'",
    ),
    "an event does something else": (
        "record_changed",
        "UPDATE events SET action = 'exists' WHERE message_id = 'volume-late'",
    ),
    "an event does what nothing can do": (
        "timeline_broken",
        "UPDATE events SET action = 'explode' WHERE message_id = 'volume-late'",
    ),
    "an event is of another resource": (
        "resource_state",
        f"""UPDATE events SET resource_id = {AT.format("v2")}
            WHERE message_id = 'volume-later'""",
    ),
    "an event is of no resource": (
        "event_unplaced",
        "UPDATE events SET resource_id = 999 WHERE message_id = 'volume-late'",
    ),
    "an event is of another region": (
        "event_unplaced",
        "UPDATE events SET region = 'RegionTwo' WHERE message_id = 'volume-late'",
    ),
    "an event is ignored after all": (
        "tally_wrong",
        "UPDATE events SET state = 'ignored' WHERE message_id = 'volume-late'",
    ),
    "a rated event has no content": (
        "event_incomplete",
        "ALTER TABLE events DROP CONSTRAINT ck_events_complete",
        "UPDATE events SET content = NULL WHERE message_id = 'volume-late'",
    ),
    "an event is journaled twice": (
        "event_twice",
        "ALTER TABLE events DROP CONSTRAINT uq_events_message_id",
        """INSERT INTO events (message_id, region, event_type, state, body)
           SELECT message_id, region, event_type, state, body FROM events
           WHERE state = 'ignored'""",
    ),
    "an event is parked twice": (
        "parked_twice",
        "ALTER TABLE parked_events DROP CONSTRAINT uq_parked_events_message_id",
        """INSERT INTO parked_events (message_id, region, code, detail, body)
           SELECT message_id, region, code, detail, body FROM parked_events""",
    ),
    "an ignored event is deleted": ("tally_wrong", "DELETE FROM events WHERE state = 'ignored'"),
    "a parked event is deleted": ("tally_wrong", "DELETE FROM parked_events"),
    "more is told to be received": ("tally_wrong", "UPDATE tallies SET received = received + 1"),
    "rated and ignored are told otherwise": (
        "tally_wrong",
        "UPDATE tallies SET rated = rated + 1, ignored = ignored - 1",
    ),
    "fewer are told to be parked": (
        "tally_wrong",
        "UPDATE tallies SET parked = 0, received = received - 1 WHERE parked > 0",
    ),
    "the last event is told to be later": (
        "tally_wrong",
        "UPDATE tallies SET last_event_time = now() WHERE last_event_time IS NOT NULL",
    ),
    "the tallies of a region are removed": (
        "tally_wrong",
        "DELETE FROM tallies WHERE region = 'RegionTwo'",
    ),
    # Prices, components and resources.
    "a price was another all the time": ("record_amount", "UPDATE prices SET unit_price = 9"),
    "a price is per another time": ("record_amount", "UPDATE prices SET per = 'day'"),
    "a price held in another time": (
        "record_price",
        """UPDATE prices SET validity = '[2026-01-01 07:00Z,)'
           WHERE id = {}""".format(PRICE.format("vcpu")),
    ),
    "a price is removed": (
        "record_price",
        "DELETE FROM prices WHERE id = {}".format(PRICE.format("vcpu")),
    ),
    "a price is added behind the ledger's back": (
        "record_changed",
        """INSERT INTO prices (component_id, tenant_id, currency, unit_price, validity)
           SELECT id, 'acme', 'USD', 1, '(,)' FROM components WHERE name = 'volume'""",
    ),
    "two prices hold at once": (
        "prices_overlap",
        "ALTER TABLE prices DROP CONSTRAINT ex_prices_validity",
        """INSERT INTO prices (component_id, currency, unit_price, validity)
           SELECT component_id, currency, unit_price, validity FROM prices WHERE tenant_id = ''""",
    ),
    "a price is negative": (
        "price_invalid",
        "ALTER TABLE prices DROP CONSTRAINT ck_prices_unit_price",
        "UPDATE prices SET unit_price = -1",
    ),
    "a price has no numbers for tiers": (
        "price_unreadable",
        """UPDATE prices SET tiers = '[{"above": 6}]' WHERE free > 1""",
    ),
    "tiers of a price descend": (
        "price_invalid",
        """UPDATE prices SET tiers = '[["9", "1"], ["7", "2"]]' WHERE free > 1""",
    ),
    "a component is counted in another unit": (
        "component_unit",
        "UPDATE components SET unit = 'GB' WHERE name = 'ram'",
    ),
    "a component is removed": ("record_unplaced", "DELETE FROM components WHERE name = 'vcpu'"),
    "a resource is believed to be larger": (
        "resource_state",
        """UPDATE resources SET facts = facts || '{"vcpu": 64}' WHERE resource_id = 'i2'""",
    ),
    "a resource is believed to be gone": (
        "resource_state",
        "UPDATE resources SET open = false WHERE resource_id = 'i2'",
    ),
    "a resource is believed to be another tenant's": (
        "resource_state",
        "UPDATE resources SET tenant_id = 'initech' WHERE resource_id = 'i2'",
    ),
    "a resource is believed to have another name": (
        "resource_state",
        "UPDATE resources SET name = 'other' WHERE resource_id = 'i2'",
    ),
    "what is deleted is shown as active": (
        "resource_state",
        "UPDATE resources SET status = 'active' WHERE resource_id = 'v2'",
    ),
    "a resource was heard of later": (
        "resource_state",
        "UPDATE resources SET updated_at = updated_at + interval '1 h' WHERE resource_id = 'i2'",
    ),
    "a checkpoint is made up": (
        "checkpoint_state",
        """INSERT INTO checkpoints (resource_id, updated_at, open, facts, last_precedence,
                                    last_message_id)
           SELECT id, updated_at, open, facts, last_precedence, last_message_id FROM resources
           WHERE resource_id = 'i2'""",
    ),
    "a resource is of a type that nobody defined": (
        "timeline_broken",
        "UPDATE resources SET resource_type = 'starship' WHERE resource_id = 'i2'",
    ),
    "a resource is removed": ("event_unplaced", "DELETE FROM resources WHERE resource_id = 'i2'"),
    # The guards.
    "a trigger is disabled": (
        "trigger_disabled",
        "ALTER TABLE records DISABLE TRIGGER tr_records_keep",
    ),
    "foreign keys are disabled": (
        "trigger_disabled",
        "ALTER TABLE sales_order_lines DISABLE TRIGGER ALL",
    ),
    "a trigger is dropped": ("trigger_missing", "DROP TRIGGER tr_events_keep ON events"),
    "a trigger refuses less": (
        "trigger_changed",
        "DROP TRIGGER tr_events_keep ON events",
        """CREATE TRIGGER tr_events_keep BEFORE TRUNCATE ON events
           FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    ),
    "a trigger of nobody's is there": (
        "trigger_changed",
        """CREATE TRIGGER mine BEFORE INSERT ON records
           FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()""",
    ),
    "a trigger does nothing": (
        "function_changed",
        """CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN RETURN NULL; END'""",
    ),
    "a policy is disabled": (
        "policy_disabled",
        "ALTER TABLE records DISABLE ROW LEVEL SECURITY",
    ),
    "a policy is dropped": ("policy_changed", "DROP POLICY rls_records ON records"),
    "a policy lets more through": (
        "policy_changed",
        "ALTER POLICY rls_sales_orders ON sales_orders USING (true)",
    ),
    "there is one more policy": (
        "policy_changed",
        "CREATE POLICY mine ON sales_orders USING (true)",
    ),
    "the view of tenants is dropped": ("view_changed", "DROP VIEW ratings_tenant.resources"),
    "the view of tenants shows more": (
        "view_changed",
        "CREATE OR REPLACE VIEW ratings_tenant.resources AS SELECT * FROM resources",
    ),
    "tenants may read bodies of events": (
        "role_changed",
        "GRANT SELECT ON events TO ratings_tenant",
    ),
    "tenants may write": ("role_changed", "GRANT UPDATE ON records TO ratings_tenant"),
    "a constraint is dropped": ("schema_differs", NO_RECORDS_OVERLAP),
    "a primary key is dropped": (
        "schema_differs",
        "ALTER TABLE tallies DROP CONSTRAINT pk_tallies",
    ),
    "a constraint looks at new rows only": (
        "constraint_unchecked",
        "ALTER TABLE records DROP CONSTRAINT ck_records_quantity",
        "ALTER TABLE records ADD CONSTRAINT ck_records_quantity CHECK (quantity >= 0) NOT VALID",
    ),
    "a column is of another type": (
        "schema_differs",
        "ALTER TABLE sales_orders ALTER payable TYPE double precision",
    ),
    "the revision is another": (
        "schema_differs",
        "UPDATE alembic_version SET version_num = '0000'",
    ),
}


@pytest.mark.parametrize("name", MANIPULATIONS)
def test_a_manipulation_is_found_and_named(history, name):
    code, *statements = MANIPULATIONS[name]
    manipulate(history, *statements)
    assert code in codes(history)


def test_triggers_that_sleep_for_everybody_are_found(history):
    with history.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        name = conn.exec_driver_sql("SELECT current_database()").scalar_one()
        conn.exec_driver_sql(f"ALTER DATABASE {name} SET session_replication_role = replica")
    history.dispose()
    assert codes(history) == {"trigger_disabled"}


@pytest.mark.parametrize("power", ["LOGIN", "BYPASSRLS"])
def test_a_role_of_tenants_that_sees_more_is_found(history, administrator, power):
    with administrator.connect() as conn:
        conn.exec_driver_sql(f"ALTER ROLE ratings_tenant {power}")
        try:
            assert codes(history) == {"role_changed"}
        finally:
            conn.exec_driver_sql(f"ALTER ROLE ratings_tenant NO{power}")
    assert codes(history) == set()


def forge(engine):
    """Make the orders again as they are now: totals, digests and chain agree with the lines."""
    with engine.begin() as conn:
        conn.exec_driver_sql("SET LOCAL session_replication_role = replica")
        before = {}
        for header in list(chain(conn, None)):
            bound = header._asdict() | {"previous_digest": before.get(header.tenant_id)}
            entries = sales_orders.entries(conn, header.id)
            adjusted = adjustments.of_order(conn, header.id)
            made = orders.regenerated(Header(bound), entries, adjusted).order
            before[made.tenant_id] = made.digest
            conn.exec_driver_sql(
                "UPDATE sales_orders SET total = %s, payable = %s, digest = %s,"
                " previous_digest = %s WHERE id = %s",
                (made.total, made.payable, made.digest, made.previous_digest, header.id),
            )


class Header:
    """The columns of an order as attributes."""

    def __init__(self, columns):
        self.__dict__.update(columns)


FORGERIES = {
    "a line is removed": "record_unbilled",
    "a reversal is removed": "reversal_missing",
    "a line is added": "line_postdated",
    "a line is moved to another order": "line_reason",
    "a line is moved to another tenant": "line_tenant",
    "a line is reversed in its sign": "reversal_unbilled",
    "an order is in another currency": "line_currency",
    "an order ends earlier": "order_gap",
    "an order in the middle is removed": "order_gap",
    "the last order is removed": "record_unfounded",
    "the amount of a billed record is changed": "record_amount",
    "the amount of a reversed record is changed": "record_amount",
    "the quantity of a billed record is changed": "record_changed",
    "a billed record is shortened": "record_changed",
    "a record loses its price": "record_changed",
    "a price was another all the time": "record_amount",
    "an event is deleted": "record_changed",
    "a correction gets another reason": "line_reason",
    "a credit pays less": "credit_amount",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_who_makes_the_digests_anew_is_found_all_the_same(history, name):
    manipulate(history, *MANIPULATIONS[name][1:])
    forge(history)
    told = codes(history)
    assert FORGERIES[name] in told
    assert not told & {"order_digest", "order_previous", "order_total", "order_payable"}


def test_a_tenant_is_audited_alone(history):
    manipulate(history, "UPDATE sales_orders SET total = 1 WHERE tenant_id = 'acme'")
    assert codes(history, tenants=["globex"]) == set()
    assert codes(history, tenants=["globex", "acme"]) == {"order_total"}


def test_late_evidence_after_the_last_order_is_no_finding(database):
    add_prices(database, [price("volume", "1")])
    rate(database, journal("06:00 create size=2", "volume"))
    histories.close(database, "acme", "12:00")
    rate(database, journal("08:00 resize size=1 id=late", "volume"))
    assert found(database) == []


def test_a_resource_that_appears_while_an_order_is_issued_is_named_as_such(database):
    """Its record was not cut: the order had been gathered and was not to be seen yet."""
    rate(database, journal("06:00 create size=2\n13:00 exists size=2", "volume"))
    with database.begin() as conn:
        conn.exec_driver_sql(
            "INSERT INTO sales_orders (tenant_id, span, currency, total, payable, digest)"
            " VALUES ('acme', '[2026-01-01 05:00Z, 2026-01-01 12:00Z)', 'USD', 0, 0, '')"
        )
    assert "resource_uncut" in codes(database)


def test_a_database_that_was_never_migrated_is_one_finding_and_no_traceback(empty_database):
    assert codes(empty_database) == {"schema_differs"}


def test_the_command_says_what_it_looked_at(history, monkeypatch, capsys):
    assert run(history, monkeypatch, "audit") == 0
    assert capsys.readouterr().out.startswith("Every law holds: ")


def test_the_command_names_findings_and_exits_with_1(history, monkeypatch, capsys):
    manipulate(history, "UPDATE sales_orders SET payable = 1 WHERE id = 4")
    assert run(history, monkeypatch, "audit", "--tenant", "globex") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("order_payable: order 4: payable is 1, its lines give ")
    assert told[1:] == ["1 finding; the page on the audit explains each code."]


def run(engine, monkeypatch, *arguments):
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("OS_DATABASE__CONNECTION", url)
    return manage.main(arguments)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    # Shrinking takes minutes here, and the findings say where to look.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(clouds.events(), clouds.prices(), st.integers(0, 2**32))
def test_no_history_gives_a_finding(database, events, prices, seed):
    empty(database)
    chance = random.Random(seed)
    todo = [("price", p) for p in prices] + [("event", e) for e in events]
    todo += [("close", tenant) for tenant in clouds.TENANTS * 3]
    chance.shuffle(todo)
    ends = dict.fromkeys(clouds.TENANTS, 0)
    for what, thing in todo:
        if what == "price":
            add_prices(database, [thing], retroactive=True)
        elif what == "event":
            rate(database, [thing])
        else:
            ends[thing] += chance.randint(1, clouds.LENGTH // 3)
            close_if_used(database, thing, ends[thing])
    assert found(database) == []


def close_if_used(database, tenant, minute):
    end = clouds.START + naive.MINUTE * minute
    with suppress(InvalidInput):  # no usage
        orders.close(database, rater(database), tenant, end, NOW)


def test_there_are_at_least_fifty_manipulations_of_every_table(history):
    tables = [
        name
        for (name,) in rows(
            history, "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
        )
    ]
    told = " ".join(s for _, *statements in MANIPULATIONS.values() for s in statements)
    assert len(MANIPULATIONS) >= 50
    # What may be lost or changed without any order, record or event being another.
    harmless = {"collections", "idempotency_keys", "revisions"}
    assert {name for name in tables if name not in told} == harmless
