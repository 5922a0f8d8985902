"""Laws of sales orders, their lines, and the names that they keep."""

from __future__ import annotations

from ratings.db.audit.check import SOUND, Check, of

_LINES = """sales_order_lines l JOIN sales_orders o ON o.id = l.order_id
    JOIN records r ON r.id = l.record_id"""

ORDERS = (
    Check(
        "order_span",
        f"""
        SELECT 'order ' || o.id AS place, 'its span is ' || span AS detail
        FROM sales_orders o WHERE {of("o")} AND NOT {SOUND}""",
    ),
    Check(
        "orders_overlap",
        f"""
        SELECT 'order ' || id AS place, 'begins before the end of another of ' || tenant_id
               AS detail
        FROM (SELECT id, tenant_id, span, max(upper(span)) OVER (
                  PARTITION BY tenant_id ORDER BY lower(span), id
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS held
              FROM sales_orders) AS o
        WHERE {of("o")} AND lower(span) < held""",
    ),
    Check(
        "order_gap",
        f"""
        SELECT 'order ' || id AS place, 'does not begin where the order before it ends' AS detail
        FROM (SELECT id, tenant_id, span, lag(upper(span)) OVER (
                  PARTITION BY tenant_id ORDER BY lower(span), id) AS held
              FROM sales_orders) AS o
        WHERE {of("o")} AND lower(span) > held""",
    ),
    Check(
        "order_sequence",
        f"""
        SELECT 'order ' || id AS place,
               concat('has a lower number than the order before it, ', before,
                      ', or was issued before it') AS detail
        FROM (SELECT id, tenant_id, created_at, lag(id) OVER chain AS before,
                     lag(created_at) OVER chain AS issued_before
              FROM sales_orders
              WINDOW chain AS (PARTITION BY tenant_id ORDER BY lower(span), id)) AS o
        WHERE {of("o")}
          AND (id < before OR created_at + %(grace)s::interval < issued_before)""",
    ),
    Check(
        "line_orphaned",
        """
        SELECT concat('order ', l.order_id, ', record ', l.record_id) AS place,
               CASE WHEN o.id IS NULL THEN 'the order' ELSE 'the record' END || ' is not there'
               AS detail
        FROM sales_order_lines l LEFT JOIN sales_orders o ON o.id = l.order_id
        LEFT JOIN records r ON r.id = l.record_id WHERE o.id IS NULL OR r.id IS NULL""",
        of_tenants=False,
    ),
    Check(
        "line_tenant",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               concat('the record is of ', r.tenant_id, ', the order of ', o.tenant_id) AS detail
        FROM {_LINES} WHERE ({of("o")} OR {of("r")}) AND r.tenant_id <> o.tenant_id""",
    ),
    Check(
        "line_span",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               'the record begins after the end of the order' AS detail
        FROM {_LINES} WHERE {of("o")} AND lower(r.span) >= upper(o.span)""",
    ),
    Check(
        "line_postdated",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               'the record was written after the order was issued' AS detail
        FROM {_LINES}
        WHERE {of("o")} AND l.sign = 1 AND r.recorded_at > o.created_at + %(grace)s::interval""",
    ),
    Check(
        "line_reason",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               CASE WHEN l.reason IS NULL THEN 'is a correction without a reason'
               ELSE 'is no correction, and has the reason ' || l.reason END AS detail
        FROM {_LINES}
        WHERE {of("o")}
          AND (l.reason IS NULL) <> (l.sign = 1 AND lower(r.span) >= lower(o.span))""",
    ),
    Check(
        "line_currency",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               concat('the record is in ', r.currency, ', the order in ', o.currency) AS detail
        FROM {_LINES} WHERE {of("o")} AND r.currency <> o.currency""",
    ),
    Check(
        "name_missing",
        f"""
        SELECT DISTINCT concat('order ', o.id, ', resource ', r.resource_id) AS place,
               'the order does not keep what the resource was called' AS detail
        FROM {_LINES}
        LEFT JOIN sales_order_resources n ON n.order_id = o.id AND n.resource_id = r.resource_id
        WHERE {of("o")} AND n.order_id IS NULL""",
    ),
    Check(
        "name_unused",
        """
        SELECT concat('order ', n.order_id, ', resource ', n.resource_id) AS place,
               'the order keeps the name of a resource that it has no line of' AS detail
        FROM sales_order_resources n
        LEFT JOIN (SELECT DISTINCT l.order_id, r.resource_id
                   FROM sales_order_lines l JOIN records r ON r.id = l.record_id) AS u
            USING (order_id, resource_id)
        WHERE u.order_id IS NULL""",
        of_tenants=False,
    ),
    Check(
        "billed_twice",
        """
        SELECT 'record ' || record_id AS place, 'is billed by the orders ' ||
               string_agg(order_id::text, ', ' ORDER BY order_id) AS detail
        FROM sales_order_lines WHERE sign = 1 GROUP BY record_id HAVING count(*) > 1""",
        of_tenants=False,
    ),
    Check(
        "reversed_twice",
        """
        SELECT 'record ' || record_id AS place, 'is taken back by the orders ' ||
               string_agg(order_id::text, ', ' ORDER BY order_id) AS detail
        FROM sales_order_lines WHERE sign = -1 GROUP BY record_id HAVING count(*) > 1""",
        of_tenants=False,
    ),
    Check(
        "reversal_unbilled",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               'takes back what no order before it has billed' AS detail
        FROM {_LINES}
        WHERE {of("o")} AND l.sign = -1 AND NOT EXISTS (
            SELECT FROM sales_order_lines b JOIN sales_orders e ON e.id = b.order_id
            WHERE b.record_id = l.record_id AND b.sign = 1
              AND e.tenant_id = o.tenant_id AND upper(e.span) <= lower(o.span))""",
    ),
    Check(
        "reversal_current",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               'takes back a record that is current' AS detail
        FROM {_LINES} WHERE {of("o")} AND l.sign = -1 AND r.superseded_at IS NULL""",
    ),
    Check(
        "reversal_missing",
        f"""
        SELECT concat('order ', o.id, ', record ', r.id) AS place,
               'bills a superseded record that no later order takes back' AS detail
        FROM {_LINES}
        WHERE {of("o")} AND l.sign = 1 AND r.superseded_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM sales_order_lines b
                          WHERE b.record_id = r.id AND b.sign = -1)
          AND EXISTS (SELECT FROM sales_orders n
                      WHERE n.tenant_id = o.tenant_id AND lower(n.span) >= upper(o.span)
                        AND n.created_at > r.superseded_at + %(grace)s::interval)""",
    ),
    Check(
        "credit_overdrawn",
        f"""
        SELECT concat('credit ', t.id) AS place,
               concat('was ', t.value, ', orders used ', -sum(a.amount)) AS detail
        FROM terms t JOIN sales_order_adjustments a ON a.kind = 'credit' AND a.source = t.id
        WHERE {of("t")} GROUP BY t.id, t.value HAVING t.value + sum(a.amount) < 0""",
    ),
    Check(
        "credit_foreign",
        f"""
        SELECT concat('order ', o.id, ', adjustment ', a.position) AS place,
               concat('credit ', a.source, ' is none of ', o.tenant_id) AS detail
        FROM sales_order_adjustments a JOIN sales_orders o ON o.id = a.order_id
        LEFT JOIN terms t ON t.id = a.source AND t.kind = 'credit' AND t.tenant_id = o.tenant_id
        WHERE {of("o")} AND a.kind = 'credit' AND t.id IS NULL""",
    ),
    Check(
        "credit_amount",
        f"""
        SELECT concat('order ', o.id, ', adjustment ', a.position) AS place,
               concat('credit ', t.id, ' (', t.reason, ') pays ', -a.amount, ' ', o.currency, '; ',
                      due, ' were due, and ', remained, ' ', t.currency, ' remained of it')
               AS detail
        FROM sales_order_adjustments a JOIN sales_orders o ON o.id = a.order_id
        JOIN terms t ON t.id = a.source AND t.kind = 'credit'
        CROSS JOIN LATERAL (
            SELECT o.total - sum(c.amount) AS due FROM sales_order_adjustments c
            WHERE c.order_id = o.id AND c.kind = 'credit' AND c.position >= a.position) AS d
        CROSS JOIN LATERAL (
            SELECT t.value + coalesce(sum(c.amount), 0) AS remained
            FROM sales_order_adjustments c JOIN sales_orders e ON e.id = c.order_id
            WHERE c.kind = 'credit' AND c.source = t.id AND upper(e.span) < upper(o.span)) AS r
        WHERE {of("o")} AND a.kind = 'credit'
          AND (-a.amount <> least(due, remained) OR t.currency <> o.currency
               OR a.description <> t.reason
               OR coalesce(lower(t.validity) >= upper(o.span), false))""",
    ),
    Check(
        "tenant_currency",
        f"""
        SELECT concat('tenant ', o.tenant_id) AS place,
               concat('is billed in ', string_agg(DISTINCT o.currency, ', '),
                      ', and said to be in ', t.currency) AS detail
        FROM sales_orders o LEFT JOIN tenants t ON t.tenant_id = o.tenant_id
        WHERE {of("o")} GROUP BY o.tenant_id, t.currency
        HAVING count(DISTINCT o.currency) > 1 OR bool_or(o.currency <> t.currency)""",
    ),
)
