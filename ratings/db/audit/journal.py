"""Laws of the journal, the tallies, the resources and the prices."""

from __future__ import annotations

from ratings.db.audit.check import Check, of

_KIND = "component_id, region, tenant_id, currency, match::text"

JOURNAL = (
    Check(
        "event_twice",
        """
        SELECT 'event ' || message_id AS place, 'stands ' || count(*) || ' times in the journal'
        AS detail FROM events GROUP BY message_id HAVING count(*) > 1""",
        of_tenants=False,
    ),
    Check(
        "parked_twice",
        """
        SELECT 'event ' || message_id AS place, 'is parked ' || count(*) || ' times' AS detail
        FROM parked_events GROUP BY message_id HAVING count(*) > 1""",
        of_tenants=False,
    ),
    Check(
        "event_incomplete",
        """
        SELECT 'event ' || message_id AS place, 'is ' || state || ', and lacks what that needs'
        AS detail FROM events
        WHERE CASE state
            WHEN 'rated' THEN num_nulls(resource_id, event_time, action, starts, content) > 0
            WHEN 'ignored' THEN resource_id IS NOT NULL ELSE true END""",
        of_tenants=False,
    ),
    Check(
        "event_unplaced",
        """
        SELECT 'event ' || e.message_id AS place,
               coalesce('its resource is in region ' || r.region, 'its resource is not there')
               AS detail
        FROM events e LEFT JOIN resources r ON r.id = e.resource_id
        WHERE e.resource_id IS NOT NULL AND r.region IS DISTINCT FROM e.region""",
        of_tenants=False,
    ),
    Check(
        "tally_wrong",
        """
        WITH counted AS (
            SELECT region, sum(rated) AS rated, sum(ignored) AS ignored, sum(parked) AS parked,
                   max(latest) AS latest
            FROM (SELECT region, count(*) FILTER (WHERE state = 'rated') AS rated,
                         count(*) FILTER (WHERE state = 'ignored') AS ignored, 0 AS parked,
                         max(event_time) FILTER (WHERE state = 'rated') AS latest
                  FROM events GROUP BY region
                  UNION ALL
                  SELECT region, 0, 0, count(*), NULL FROM parked_events GROUP BY region) AS u
            GROUP BY region
        ), told AS (
            SELECT region, sum(received) AS received, sum(rated) AS rated,
                   sum(ignored) AS ignored, sum(parked) AS parked, max(last_event_time) AS latest
            FROM tallies GROUP BY region
        )
        SELECT 'region ' || region AS place,
               concat('received, rated, ignored, parked are told to be ',
                      concat_ws(', ', t.received, t.rated, t.ignored, t.parked),
                      ' and counted to be ',
                      concat_ws(', ', c.rated + c.ignored + c.parked, c.rated, c.ignored, c.parked))
               AS detail
        FROM counted c FULL JOIN told t USING (region)
        WHERE coalesce(t.received, 0) <> coalesce(c.rated + c.ignored + c.parked, 0)
           OR coalesce(t.rated, 0) <> coalesce(c.rated, 0)
           OR coalesce(t.ignored, 0) <> coalesce(c.ignored, 0)
           OR coalesce(t.parked, 0) <> coalesce(c.parked, 0)
           OR t.latest IS DISTINCT FROM c.latest""",
        of_tenants=False,
    ),
    Check(
        "resource_state",
        f"""
        SELECT 'resource ' || r.id AS place, 'is closed, and its status is ' ||
               coalesce(r.status, 'none') AS detail
        FROM resources r
        WHERE {of("r")} AND NOT r.open
          AND r.status IS DISTINCT FROM CASE WHEN r.deleted_at IS NOT NULL THEN 'delete' END""",
    ),
)

PRICES = (
    Check(
        "price_invalid",
        """
        SELECT 'price ' || p.id AS place, 'cannot be charged' AS detail
        FROM prices p LEFT JOIN components c ON c.id = p.component_id
        WHERE c.id IS NULL OR NOT (p.unit_price >= 0 AND p.unit_price < 'infinity')
           OR p.per NOT IN ('second', 'minute', 'hour', 'day', 'month', 'unit')
           OR p.currency !~ '^[A-Z]{3}$' OR isempty(p.validity)
           OR jsonb_typeof(p.match) <> 'object'""",
        of_tenants=False,
    ),
    Check(
        "prices_overlap",
        f"""
        SELECT 'price ' || id AS place, 'holds while another of its kind does' AS detail
        FROM (SELECT id, validity, max(coalesce(upper(validity), 'infinity')) OVER (
                  PARTITION BY {_KIND} ORDER BY coalesce(lower(validity), '-infinity'), id
                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS held
              FROM prices) AS p
        WHERE coalesce(lower(validity), '-infinity') < held""",
        of_tenants=False,
    ),
)
