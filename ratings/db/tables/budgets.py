"""What tenants mean to spend, and who was told that they do."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE

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

budget_deliveries = Table(
    "budget_deliveries",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("alert_id", BigInteger, ForeignKey("budget_alerts.id"), nullable=False),
    Column("driver", Id, nullable=False),
    Column("state", Id, nullable=False, server_default=text("'pending'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("next_attempt_at", Instant, nullable=False),
    Column("leased_until", Instant),
    Column("code", Id),
    Column("detail", Text),
    Column("reference", Text),
    Column("delivered_at", Instant),
    UniqueConstraint("alert_id", "driver"),
    CheckConstraint("driver <> ''", name="driver"),
    CheckConstraint("state IN ('pending', 'delivered')", name="state"),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint(
        "CASE state WHEN 'delivered' THEN attempts > 0 AND num_nulls(reference, delivered_at) = 0"
        " AND num_nonnulls(code, detail, leased_until) = 0"
        " ELSE num_nonnulls(reference, delivered_at) = 0 END",
        name="delivered",
    ),
    CheckConstraint("num_nulls(code, detail) IN (0, 2)", name="error"),
    Index(
        "ix_budget_deliveries_pending",
        "next_attempt_at",
        postgresql_where=text("state = 'pending'"),
    ),
)
"""As `outbox`: a row per alert and channel."""
