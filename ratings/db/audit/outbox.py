"""Laws of the outbox."""

from __future__ import annotations

from ratings.db.audit.check import Check, of

OUTBOX = (
    Check(
        "delivery_incomplete",
        f"""
        SELECT concat('order ', d.order_id, ', ', d.driver) AS place,
               CASE WHEN o.id IS NULL THEN 'the order is not there'
               ELSE concat('is ', d.state, ', reference ', coalesce(d.reference, 'none'),
                           ', delivered ', coalesce(d.delivered_at::text, 'never')) END AS detail
        FROM outbox d LEFT JOIN sales_orders o ON o.id = d.order_id
        WHERE o.id IS NULL OR {of("o")} AND NOT coalesce(CASE d.state
            WHEN 'delivered' THEN num_nulls(d.reference, d.delivered_at) = 0
            WHEN 'pending' THEN num_nonnulls(d.reference, d.delivered_at) = 0 END, false)""",
    ),
    Check(
        "delivery_order",
        f"""
        SELECT DISTINCT concat('order ', d.order_id, ', ', d.driver) AS place,
               'was delivered while an earlier one of ' || o.tenant_id || ' waits' AS detail
        FROM outbox d JOIN sales_orders o ON o.id = d.order_id
        JOIN outbox e ON e.driver = d.driver AND e.state = 'pending'
        JOIN sales_orders p ON p.id = e.order_id AND p.tenant_id = o.tenant_id AND p.id < o.id
        WHERE {of("o")} AND d.state = 'delivered'""",
    ),
)
