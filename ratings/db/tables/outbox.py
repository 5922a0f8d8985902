"""What is on its way to other systems."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.schema import SchemaItem

from ratings.db.tables.shared import Id, Instant, created_at, metadata


def queue(name: str, about: str, target: str, *more: SchemaItem) -> Table:
    """A row for each thing that a driver or channel is owed: `about` points at `target`.

    Until `leased_until` a deliverer may be at it.
    """
    return Table(
        name,
        metadata,
        Column("id", BigInteger, Identity(), primary_key=True),
        Column(about, BigInteger, ForeignKey(target), nullable=False),
        Column("driver", Id, nullable=False),
        Column("state", Id, nullable=False, server_default=text("'pending'")),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("next_attempt_at", Instant, nullable=False, server_default=text("now()")),
        Column("leased_until", Instant),
        Column("code", Id),
        Column("detail", Text),
        Column("reference", Text),
        Column("delivered_at", Instant),
        UniqueConstraint(about, "driver"),
        CheckConstraint("driver <> ''", name="driver"),
        CheckConstraint("state IN ('pending', 'delivered')", name="state"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint(
            "CASE state WHEN 'delivered' THEN attempts > 0"
            " AND num_nulls(reference, delivered_at) = 0"
            " AND num_nonnulls(code, detail, leased_until) = 0"
            " ELSE num_nonnulls(reference, delivered_at) = 0 END",
            name="delivered",
        ),
        CheckConstraint("num_nulls(code, detail) IN (0, 2)", name="error"),
        Index(f"ix_{name}_pending", "next_attempt_at", postgresql_where=text("state = 'pending'")),
        *more,
    )


outbox = queue("outbox", "order_id", "sales_orders.id", created_at())
"""A row per order and driver."""
