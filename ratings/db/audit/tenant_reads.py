"""What keeps the reads of a tenant to its own rows: policies, a view, and the rights of a role."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection

from ratings.db.audit.check import Finding
from ratings.db.reading import ROLE

_ME = "current_setting('ratings.tenant'::text, true)"
_OTHERS = f"(CURRENT_USER <> '{ROLE}'::name)"
_OWN = f"({_OTHERS} OR (tenant_id = {_ME}))"
_SHARED = f"({_OTHERS} OR (tenant_id = ANY (ARRAY[''::text, {_ME}])))"
_ORDERED = f"({_OTHERS} OR (EXISTS ( SELECT FROM sales_orders o WHERE (o.id = %s.order_id))))"

POLICIES = {
    "budget_alerts": f"({_OTHERS} OR (EXISTS ( SELECT FROM budgets b"
    " WHERE (b.id = budget_alerts.budget_id))))",
    "budgets": _OWN,
    "events": f"({_OTHERS} OR ((COALESCE(tenant_id, {_ME}) = {_ME})"
    " AND (EXISTS ( SELECT FROM resources r WHERE (r.id = events.resource_id)))))",
    "prices": _SHARED,
    "records": _OWN,
    "resources": _OWN,
    "sales_order_adjustments": _ORDERED % "sales_order_adjustments",
    "sales_order_lines": _ORDERED % "sales_order_lines",
    "sales_order_resources": _ORDERED % "sales_order_resources",
    "sales_orders": _OWN,
    "tenants": _OWN,
    "terms": _SHARED,
}
"""What the one policy of each table lets through, in PostgreSQL's own words."""

VIEW = "869c1ec05e1f45922d26fe29576e532e"
"""MD5 of the definition of the view of resources."""

_POLICIES = """
SELECT c.relname AS table, c.relrowsecurity AS enabled,
       array_agg(p.policyname) = ARRAY['rls_' || c.relname]::name[] AS named,
       string_agg(regexp_replace(p.qual, '\\s+', ' ', 'g'), ' and ') AS qual,
       bool_and(p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL' AND p.with_check IS NULL
                AND p.roles = ARRAY['public']::name[]) AS ordinary
FROM pg_class c LEFT JOIN pg_policies p ON p.schemaname = current_schema()
    AND p.tablename = c.relname
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY (%s)
GROUP BY c.relname, c.relrowsecurity ORDER BY c.relname"""

_VIEW = f"""
SELECT md5(regexp_replace(pg_get_viewdef(c.oid), '\\s+', ' ', 'g'))
FROM pg_class c WHERE c.oid = to_regclass('{ROLE}.resources') AND c.relkind = 'v'"""

# A right on some columns is none on the table.
_RIGHTS = f"""
SELECT c.relname AS table, r.right
FROM pg_class c, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'SELECT']) AS r ("right")
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
  AND has_table_privilege('{ROLE}', c.oid, r.right)
  AND (r.right <> 'SELECT' OR c.relname = ANY (%s)) ORDER BY 1, 2"""

_ROLE = f"""
SELECT rolsuper OR rolbypassrls OR rolcanlogin AS mighty FROM pg_roles WHERE rolname = '{ROLE}'"""

_SECRET = (
    *("budget_deliveries", "collections", "events", "idempotency_keys", "outbox"),
    *("parked_events", "tallies"),
)
"""Of which a tenant may not read every column, or none."""


def findings(conn: Connection) -> Iterator[Finding]:
    """What of it is not as the migrations made it."""
    for row in conn.exec_driver_sql(_POLICIES, (list(POLICIES),)):
        place = f"table {row.table}"
        if not row.enabled:
            yield Finding("policy_disabled", place, "row level security is off")
        if not (row.named and row.ordinary and row.qual == POLICIES[row.table]):
            yield Finding("policy_changed", place, f"a tenant sees rows with {row.qual}")
    if conn.exec_driver_sql(_VIEW).scalar_one_or_none() != VIEW:
        yield Finding("view_changed", f"view {ROLE}.resources", "is another, or not there")
    mighty = conn.exec_driver_sql(_ROLE).scalar_one_or_none()
    if mighty is None:
        yield Finding("role_changed", f"role {ROLE}", "is not there")
        return
    if mighty:
        yield Finding("role_changed", f"role {ROLE}", "may log in, or sees what policies hide")
    for row in conn.exec_driver_sql(_RIGHTS, (list(_SECRET),)):
        yield Finding("role_changed", f"table {row.table}", f"{ROLE} may {row.right}")
