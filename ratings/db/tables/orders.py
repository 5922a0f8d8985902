"""What is billed: terms, sales orders and all that they say."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint

from ratings.db.tables.shared import Id, created_at, metadata

terms = Table(
    "terms",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("tenant_id", Id, nullable=False, server_default=text("''")),
    Column("kind", Id, nullable=False),
    Column("value", Numeric, nullable=False),
    Column("component_id", SmallInteger, ForeignKey("components.id")),
    Column("currency", Id),
    Column("validity", TSTZRANGE, nullable=False),
    Column("reason", Text, nullable=False),
    created_at(),
    CheckConstraint(
        "kind IN ('discount_percent', 'discount_amount', 'minimum', 'credit')", name="kind"
    ),
    CheckConstraint("value > 0 AND value < 'infinity'", name="value"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("NOT isempty(validity)", name="validity"),
    CheckConstraint(
        "(kind = 'discount_percent') = (currency IS NULL)"
        " AND (kind <> 'discount_percent' OR value <= 100)",
        name="percent",
    ),
    CheckConstraint("kind <> 'credit' OR tenant_id <> ''", name="owner"),
    CheckConstraint("component_id IS NULL OR kind NOT IN ('minimum', 'credit')", name="scope"),
    Index(None, "tenant_id"),
)
"""An empty tenant is every tenant."""

sales_orders = Table(
    "sales_orders",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("tenant_id", Id, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    Column("currency", Id, nullable=False),
    Column("total", Numeric, nullable=False),
    Column("payable", Numeric, nullable=False),
    Column("digest", Id, nullable=False),
    Column("previous_digest", Id),
    created_at(),
    CheckConstraint("NOT isempty(span)", name="span"),
    CheckConstraint("lower(span) IS NOT NULL AND upper(span) IS NOT NULL", name="bounded"),
    UniqueConstraint("digest"),
    ExcludeConstraint(
        ("tenant_id", "="), ("span", "&&"), using="gist", name="ex_sales_orders_overlap"
    ),
)

sales_order_lines = Table(
    "sales_order_lines",
    metadata,
    Column("order_id", BigInteger, ForeignKey("sales_orders.id"), primary_key=True),
    Column("record_id", BigInteger, ForeignKey("records.id"), primary_key=True),
    Column("sign", SmallInteger, primary_key=True),
    Column("reason", Text),
    CheckConstraint("sign IN (1, -1)", name="sign"),
    UniqueConstraint("record_id", "sign"),
)

sales_order_resources = Table(
    "sales_order_resources",
    metadata,
    Column("order_id", BigInteger, ForeignKey("sales_orders.id"), primary_key=True),
    Column("resource_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text),
)
"""What each resource of an order was called when it was issued: names change, orders do not."""

sales_order_adjustments = Table(
    "sales_order_adjustments",
    metadata,
    Column("order_id", BigInteger, ForeignKey("sales_orders.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("kind", Id, nullable=False),
    Column("source", BigInteger, nullable=False),
    Column("component", Id),
    Column("unit", Text, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("unit_price", Numeric, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    Column("amount", Numeric, nullable=False),
    Column("description", Text, nullable=False),
    Column("sign", SmallInteger, nullable=False),
    Column("reason", Text),
    CheckConstraint("kind IN ('free', 'tier', 'discount', 'minimum', 'credit')", name="kind"),
    CheckConstraint("NOT isempty(span)", name="span"),
    CheckConstraint("sign IN (1, -1)", name="sign"),
    CheckConstraint("kind <> 'credit' OR (sign = 1 AND amount < 0)", name="credit"),
    Index(
        "ix_sales_order_adjustments_credit",
        "source",
        postgresql_where=text("kind = 'credit'"),
    ),
)
"""Lines that no record bears. `source` is a price or a term, as `kind` says; `span` is
the order period that is adjusted, an earlier one in corrections."""
