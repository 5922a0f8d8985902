"""What tenants mean to spend, and who was told that they do."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE

from ratings.db.tables.outbox import queue
from ratings.db.tables.shared import Id, Instant, metadata

budgets = Table(
    "budgets",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("period", Id, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("currency", Id, nullable=False),
    Column("thresholds", JSONB, nullable=False),
    Column("description", Text),
    Column("created_at", Instant, nullable=False),
    Column("deleted_at", Instant),
    CheckConstraint("tenant_id <> ''", name="tenant_id"),
    CheckConstraint("period IN ('hour', 'day', 'week', 'month')", name="period"),
    CheckConstraint("amount > 0 AND amount < 'infinity'", name="amount"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("jsonb_typeof(thresholds) = 'array'", name="thresholds"),
    Index(None, "tenant_id", postgresql_where=text("deleted_at IS NULL")),
)
"""A budget never changes: what its alerts said of it stays true."""

budget_alerts = Table(
    "budget_alerts",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("budget_id", BigInteger, ForeignKey("budgets.id"), nullable=False),
    Column("kind", Id, nullable=False),
    Column("percent", Numeric, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("spent", Numeric, nullable=False),
    Column("forecast", Numeric),
    Column("crossed_at", Instant, nullable=False),
    CheckConstraint("kind IN ('actual', 'forecast')", name="kind"),
    CheckConstraint("percent > 0 AND percent < 'infinity'", name="percent"),
    CheckConstraint(
        "NOT isempty(span) AND lower_inc(span) AND NOT upper_inc(span)"
        " AND isfinite(lower(span)) AND isfinite(upper(span))",
        name="span",
    ),
    CheckConstraint(
        "coalesce(CASE kind WHEN 'actual' THEN spent ELSE forecast END * 100"
        " >= percent * amount, false)",
        name="crossed",
    ),
    Index(
        "uq_budget_alerts_once",
        "budget_id",
        "kind",
        "percent",
        text("lower(span)"),
        unique=True,
    ),
)
"""A row per threshold and period in which it was crossed; `amount` is the budget's."""

budget_deliveries = queue("budget_deliveries", "alert_id", "budget_alerts.id")
"""A row per alert and channel."""
