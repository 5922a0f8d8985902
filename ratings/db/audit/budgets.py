"""Laws of budgets: an alert is told once, for money that was there."""

from __future__ import annotations

from ratings.db.audit.check import Check, of

_MONEY = "(CASE a.kind WHEN 'actual' THEN a.spent ELSE a.forecast END)"

BUDGETS = (
    Check(
        "alert_unfounded",
        f"""
        SELECT concat('alert ', a.id) AS place,
               CASE WHEN b.id IS NULL THEN 'the budget is not there'
               ELSE concat('says that ', a.kind, ' ', coalesce({_MONEY}::text, 'nothing'),
                           ' reaches ', a.percent, ' percent of ', b.amount) END AS detail
        FROM budget_alerts a LEFT JOIN budgets b ON b.id = a.budget_id
        WHERE b.id IS NULL OR {of("b")} AND NOT coalesce(
            a.amount = b.amount AND {_MONEY} * 100 >= a.percent * b.amount
            AND b.thresholds @> jsonb_build_array(jsonb_build_object(
                'kind', a.kind, 'percent', trim_scale(a.percent)::text)), false)""",
    ),
    Check(
        "alert_twice",
        f"""
        SELECT concat('budget ', a.budget_id) AS place,
               concat(a.kind, ' ', trim_scale(a.percent), ' percent of the period from ',
                      lower(a.span), ' has the alerts ', string_agg(a.id::text, ', ' ORDER BY a.id))
                   AS detail
        FROM budget_alerts a JOIN budgets b ON b.id = a.budget_id
        WHERE {of("b")}
        GROUP BY a.budget_id, a.kind, trim_scale(a.percent), lower(a.span) HAVING count(*) > 1""",
    ),
    Check(
        "alert_delivery_incomplete",
        f"""
        SELECT concat('alert ', d.alert_id, ', ', d.driver) AS place,
               CASE WHEN a.id IS NULL THEN 'the alert is not there'
               ELSE concat('is ', d.state, ', reference ', coalesce(d.reference, 'none'),
                           ', delivered ', coalesce(d.delivered_at::text, 'never')) END AS detail
        FROM budget_deliveries d LEFT JOIN budget_alerts a ON a.id = d.alert_id
        LEFT JOIN budgets b ON b.id = a.budget_id
        WHERE a.id IS NULL OR {of("b")} AND NOT coalesce(CASE d.state
            WHEN 'delivered' THEN num_nulls(d.reference, d.delivered_at) = 0
            WHEN 'pending' THEN num_nonnulls(d.reference, d.delivered_at) = 0 END, false)""",
    ),
)
