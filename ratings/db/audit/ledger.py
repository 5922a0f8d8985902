"""Laws of the ledger that one look at its rows can tell."""

from __future__ import annotations

from ratings.db.audit.check import SOUND, Check, of

LEDGER = (
    Check(
        "record_invalid",
        f"""
        SELECT 'record ' || r.id AS place,
               concat('span ', span, ', quantity ', quantity, ', unit price ', unit_price,
                      ', price ', price_id, ', amount ', amount) AS detail
        FROM records r
        WHERE {of("r")} AND NOT (
            {SOUND} AND quantity >= 0 AND quantity < 'infinity'
            AND num_nulls(unit_price, price_id, amount) IN (0, 3)
            AND coalesce(amount >= 0 AND amount < 'infinity', true))""",
    ),
    Check(
        "record_unplaced",
        f"""
        SELECT 'record ' || r.id AS place,
               CASE WHEN s.id IS NULL THEN 'its resource' ELSE 'its component' END
               || ' is not there' AS detail
        FROM records r LEFT JOIN resources s ON s.id = r.resource_id
        LEFT JOIN components c ON c.id = r.component_id
        WHERE {of("r")} AND (s.id IS NULL OR c.id IS NULL)""",
    ),
    Check(
        "records_overlap",
        f"""
        SELECT 'record ' || id AS place,
               'begins before the end of another of its resource and component' AS detail
        FROM (SELECT id, tenant_id, span, max(upper(span)) OVER (
                  PARTITION BY resource_id, component_id ORDER BY lower(span), id
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS held
              FROM records WHERE superseded_at IS NULL) AS r
        WHERE {of("r")} AND lower(span) < held""",
    ),
    Check(
        "record_price",
        f"""
        SELECT 'record ' || r.id AS place,
               CASE WHEN p.id IS NULL THEN concat('price ', r.price_id, ' is not there')
               ELSE concat('price ', p.id, ' is another component''s, or held at another time')
               END AS detail
        FROM records r LEFT JOIN prices p ON p.id = r.price_id
        WHERE {of("r")} AND r.price_id IS NOT NULL
          AND (p.component_id <> r.component_id
               OR r.superseded_at IS NULL AND coalesce(NOT CASE p.per
                   WHEN 'unit' THEN p.validity @> lower(r.span)
                   ELSE p.validity @> r.span END, true))""",
    ),
    Check(
        "record_unbilled",
        f"""
        SELECT 'record ' || r.id AS place,
               'should be billed by an order of ' || r.tenant_id || ', and is by none' AS detail
        FROM records r
        WHERE {of("r")} AND r.superseded_at IS NULL
          AND NOT EXISTS (SELECT FROM sales_order_lines l WHERE l.record_id = r.id AND l.sign = 1)
          AND EXISTS (SELECT FROM sales_orders o
                      WHERE o.tenant_id = r.tenant_id AND upper(o.span) > lower(r.span)
                        AND o.created_at > r.recorded_at + %(grace)s::interval)""",
    ),
)
