"""The guards of the database itself: schema, triggers, functions, constraints."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Engine

from ratings.db import migration
from ratings.db.audit import tenant_reads
from ratings.db.audit.check import Finding

_REFUSE = "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"

TRIGGERS = {
    "tr_budget_alerts_keep": f"BEFORE DELETE OR UPDATE OR TRUNCATE ON budget_alerts {_REFUSE}",
    "tr_budget_deliveries_final": "BEFORE UPDATE ON budget_deliveries"
    " FOR EACH ROW EXECUTE FUNCTION refuse_undelivery()",
    "tr_budget_deliveries_keep": f"BEFORE DELETE OR TRUNCATE ON budget_deliveries {_REFUSE}",
    "tr_budgets_final": "BEFORE UPDATE ON budgets"
    " FOR EACH ROW EXECUTE FUNCTION refuse_other_budget()",
    "tr_budgets_keep": f"BEFORE DELETE OR TRUNCATE ON budgets {_REFUSE}",
    "tr_components_keep": f"BEFORE DELETE OR UPDATE OR TRUNCATE ON components {_REFUSE}",
    "tr_events_keep": f"BEFORE DELETE OR UPDATE OR TRUNCATE ON events {_REFUSE}",
    "tr_outbox_final": "BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION refuse_undelivery()",
    "tr_outbox_keep": f"BEFORE DELETE OR TRUNCATE ON outbox {_REFUSE}",
    "tr_records_keep": f"BEFORE DELETE OR TRUNCATE ON records {_REFUSE}",
    "tr_records_supersede": "BEFORE UPDATE ON records"
    " FOR EACH ROW EXECUTE FUNCTION refuse_all_but_supersede()",
    "tr_resources_keep": f"BEFORE DELETE OR TRUNCATE ON resources {_REFUSE}",
    "tr_sales_order_adjustments_keep": "BEFORE DELETE OR UPDATE OR TRUNCATE"
    f" ON sales_order_adjustments {_REFUSE}",
    "tr_sales_order_adjustments_overdraft": "AFTER INSERT ON sales_order_adjustments"
    " FOR EACH ROW WHEN (new.kind = 'credit'::text) EXECUTE FUNCTION refuse_overdraft()",
    "tr_sales_order_lines_keep": "BEFORE DELETE OR UPDATE OR TRUNCATE"
    f" ON sales_order_lines {_REFUSE}",
    "tr_sales_order_resources_keep": "BEFORE DELETE OR UPDATE OR TRUNCATE"
    f" ON sales_order_resources {_REFUSE}",
    "tr_sales_orders_keep": f"BEFORE DELETE OR UPDATE OR TRUNCATE ON sales_orders {_REFUSE}",
    "tr_tenants_final": "BEFORE INSERT OR DELETE OR UPDATE ON tenants"
    " FOR EACH ROW EXECUTE FUNCTION refuse_other_currency()",
    "tr_tenants_keep": f"BEFORE TRUNCATE ON tenants {_REFUSE}",
    "tr_tenants_revision": "AFTER INSERT OR DELETE OR UPDATE ON tenants"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_price_change()",
    "tr_terms_final": "BEFORE INSERT OR DELETE OR UPDATE ON terms"
    " FOR EACH ROW EXECUTE FUNCTION refuse_billed_term()",
    "tr_terms_keep": f"BEFORE TRUNCATE ON terms {_REFUSE}",
    "tr_prices_revision": "AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON prices"
    " FOR EACH STATEMENT EXECUTE FUNCTION count_price_change()",
}
"""What the migrations install, in PostgreSQL's own words."""

FUNCTIONS = {
    "count_price_change": "492e383b10b985abbb095140b4912eeb",
    "refuse_all_but_supersede": "0388b4285ab8e33ef3aef42c48979f20",
    "refuse_billed_term": "74b0ae9d40a7cddebf7182f158122728",
    "refuse_change": "4c25a8601eaa5befd7505ce25c441790",
    "refuse_other_currency": "78c19b0f6e9e35320e493dcba24f86c7",
    "refuse_other_budget": "8b2967a003be1011d34f5baa39107bfa",
    "refuse_overdraft": "89789b02bd4a12e2a22dc93c4f7a5518",
    "refuse_undelivery": "0590fb6cac03505412bb5cd4a0460530",
    "share_of": "e1159d1ff291c753affcdc24e02d90d2",
}
"""MD5 of the body of each function, as the migrations have it."""

_TRIGGERS = """
SELECT t.tgname AS name, c.relname AS table, t.tgisinternal AS internal,
       t.tgenabled IN ('O', 'A') AS enabled, pg_get_triggerdef(t.oid, true) AS definition
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = current_schema()::regnamespace ORDER BY c.relname, t.tgname"""

_FUNCTIONS = """
SELECT proname AS name, md5(prosrc) AS body FROM pg_proc
WHERE pronamespace = current_schema()::regnamespace AND proname = ANY (%s) ORDER BY proname"""

# conenforced is new in PostgreSQL 18.
_UNCHECKED = """
SELECT c.relname AS table, k.conname AS name
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.connamespace = current_schema()::regnamespace
  AND (NOT k.convalidated OR to_jsonb(k) ->> 'conenforced' = 'false') ORDER BY 1, 2"""


def schema(engine: Engine) -> Iterator[Finding]:
    """How tables, columns, indexes and constraints differ from what this release needs."""
    for difference in migration.check(engine):
        yield Finding("schema_differs", "schema", difference)


def guards(conn: Connection) -> Iterator[Finding]:
    """Which triggers, constraints and policies are not on guard."""
    yield from _triggers(conn)
    bodies = {f.name: f.body for f in conn.exec_driver_sql(_FUNCTIONS, (list(FUNCTIONS),))}
    for name, body in FUNCTIONS.items():
        if bodies.get(name) != body:
            was = "is another" if name in bodies else "is not there"
            yield Finding("function_changed", f"function {name}", was)
    for row in conn.exec_driver_sql(_UNCHECKED):
        detail = f"constraint {row.name} is not checked for every row"
        yield Finding("constraint_unchecked", f"table {row.table}", detail)
    yield from tenant_reads.findings(conn)
    role = conn.exec_driver_sql("SHOW session_replication_role").scalar_one()
    if role != "origin":
        detail = f"session_replication_role is {role} for who connects"
        yield Finding("trigger_disabled", "database", detail)


def _triggers(conn: Connection) -> Iterator[Finding]:
    missing = dict(TRIGGERS)
    for row in conn.exec_driver_sql(_TRIGGERS):
        place = f"table {row.table}"
        if not row.enabled:
            yield Finding("trigger_disabled", place, f"trigger {row.name} is disabled")
        if not row.internal:
            wanted = missing.pop(row.name, None)
            if row.definition != f"CREATE TRIGGER {row.name} {wanted}":
                yield Finding("trigger_changed", place, f"there is: {row.definition}")
    for name in missing:
        yield Finding("trigger_missing", f"trigger {name}", "is not there")
