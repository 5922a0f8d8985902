"""What a tenant reads: a role that sees the rows of one tenant, whatever a query asks for.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-22
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Roles belong to the cluster: another of its databases may have made it, or be about to.
ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ratings_tenant') THEN
        BEGIN
            CREATE ROLE ratings_tenant NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            -- Somebody else was faster. Who looked before remembers that there was none, until
            -- the lock of a catalog that this transaction has not read yet brings the news.
            PERFORM FROM pg_auth_members LIMIT 1;
        END;
    END IF;
    BEGIN
        SET LOCAL ROLE ratings_tenant;
        RESET ROLE;
    EXCEPTION WHEN insufficient_privilege THEN
        BEGIN
            EXECUTE format('GRANT ratings_tenant TO %I', session_user);
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END;
    END;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION '% may not use the role ratings_tenant; as a superuser, once: CREATE ROLE'
        ' ratings_tenant NOLOGIN; GRANT ratings_tenant TO %', session_user, session_user
        USING ERRCODE = 'insufficient_privilege';
END $$;
"""

# Who owns the tables bypasses these, and whoever else may read them is let through: they
# concern that one role. What a resource was to a former owner is its identity, and no more.
POLICIES = """
ALTER TABLE records ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_records ON records
    USING (current_user <> 'ratings_tenant' OR tenant_id = current_setting('ratings.tenant', true));

ALTER TABLE resources ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_resources ON resources
    USING (current_user <> 'ratings_tenant' OR tenant_id = current_setting('ratings.tenant', true));

ALTER TABLE events ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_events ON events
    USING (current_user <> 'ratings_tenant'
           OR coalesce(tenant_id, current_setting('ratings.tenant', true))
              = current_setting('ratings.tenant', true)
              AND EXISTS (SELECT FROM resources r WHERE r.id = events.resource_id));

ALTER TABLE prices ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_prices ON prices
    USING (current_user <> 'ratings_tenant'
           OR tenant_id IN ('', current_setting('ratings.tenant', true)));

ALTER TABLE terms ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_terms ON terms
    USING (current_user <> 'ratings_tenant'
           OR tenant_id IN ('', current_setting('ratings.tenant', true)));

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_tenants ON tenants
    USING (current_user <> 'ratings_tenant' OR tenant_id = current_setting('ratings.tenant', true));

ALTER TABLE sales_orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_sales_orders ON sales_orders
    USING (current_user <> 'ratings_tenant' OR tenant_id = current_setting('ratings.tenant', true));

ALTER TABLE budgets ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_budgets ON budgets
    USING (current_user <> 'ratings_tenant' OR tenant_id = current_setting('ratings.tenant', true));

ALTER TABLE budget_alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_budget_alerts ON budget_alerts
    USING (current_user <> 'ratings_tenant'
           OR EXISTS (SELECT FROM budgets b WHERE b.id = budget_id));

ALTER TABLE sales_order_lines ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_sales_order_lines ON sales_order_lines
    USING (current_user <> 'ratings_tenant'
           OR EXISTS (SELECT FROM sales_orders o WHERE o.id = order_id));

ALTER TABLE sales_order_resources ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_sales_order_resources ON sales_order_resources
    USING (current_user <> 'ratings_tenant'
           OR EXISTS (SELECT FROM sales_orders o WHERE o.id = order_id));

ALTER TABLE sales_order_adjustments ENABLE ROW LEVEL SECURITY;
CREATE POLICY rls_sales_order_adjustments ON sales_order_adjustments
    USING (current_user <> 'ratings_tenant'
           OR EXISTS (SELECT FROM sales_orders o WHERE o.id = order_id));
"""

# Of a row that has another owner by now a tenant needs the key, which its records point at. A
# policy hides whole rows, so this view stands in the search path before the table.
VIEW = """
CREATE SCHEMA ratings_tenant;
CREATE VIEW ratings_tenant.resources AS
SELECT r.id, r.region, r.resource_type, r.resource_id, r.tenant_id, r.name, r.status, r.created_at,
       r.updated_at, r.deleted_at, r.open, r.facts, r.last_precedence, r.last_message_id
FROM resources r WHERE r.tenant_id = current_setting('ratings.tenant', true)
UNION ALL
SELECT r.id, r.region, r.resource_type, r.resource_id, NULL, NULL, NULL, r.created_at,
       NULL, NULL, false, '{}', NULL, NULL
FROM resources r WHERE r.tenant_id IS DISTINCT FROM current_setting('ratings.tenant', true)
  AND r.id IN (SELECT x.resource_id FROM records x
               WHERE x.tenant_id = current_setting('ratings.tenant', true));
"""

# Of events neither content nor body.
GRANTS = """
DO $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO ratings_tenant', current_schema());
END $$;
GRANT USAGE ON SCHEMA ratings_tenant TO ratings_tenant;
GRANT SELECT ON ratings_tenant.resources, components, revisions, records, resources, prices, terms,
    tenants, sales_orders, sales_order_lines, sales_order_resources, sales_order_adjustments,
    budgets, budget_alerts
    TO ratings_tenant;
GRANT SELECT (id, message_id, region, event_type, event_time, received_at, state, resource_id,
              tenant_id, action) ON events TO ratings_tenant;
"""


def upgrade() -> None:
    op.execute(ROLE)
    op.execute(POLICIES)
    op.execute(VIEW)
    op.execute(GRANTS)
