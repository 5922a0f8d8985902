"""What it costs: prices, and priced records."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

from ratings.db.tables.shared import Id, Instant, created_at, metadata

tenants = Table(
    "tenants",
    metadata,
    Column("tenant_id", Id, primary_key=True),
    Column("currency", Id, nullable=False),
    created_at(),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
)
"""Tenants that are billed in a currency of their own."""

prices = Table(
    "prices",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("component_id", SmallInteger, ForeignKey("components.id"), nullable=False),
    Column("region", Id, nullable=False, server_default=text("''")),
    Column("tenant_id", Id, nullable=False, server_default=text("''")),
    Column("match", JSONB, nullable=False, server_default=text("'{}'")),
    Column("per", Id, nullable=False, server_default=text("'hour'")),
    Column("currency", Id, nullable=False),
    Column("unit_price", Numeric, nullable=False),
    Column("validity", TSTZRANGE, nullable=False),
    Column("name", Text),
    Column("description", Text),
    created_at(),
    Column("free", Numeric, nullable=False, server_default=text("0")),
    Column("tiers", JSONB, nullable=False, server_default=text("'[]'")),
    CheckConstraint("free >= 0 AND free < 'infinity'", name="free"),
    CheckConstraint("jsonb_typeof(tiers) = 'array'", name="tiers"),
    CheckConstraint("NOT isempty(validity)", name="validity"),
    CheckConstraint("unit_price >= 0 AND unit_price < 'infinity'", name="unit_price"),
    CheckConstraint("per IN ('second', 'minute', 'hour', 'day', 'month', 'unit')", name="per"),
    CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
    CheckConstraint("jsonb_typeof(match) = 'object'", name="match"),
    ExcludeConstraint(
        ("component_id", "="),
        ("region", "="),
        ("tenant_id", "="),
        ("currency", "="),
        (text("(match::text)"), "="),
        ("validity", "&&"),
        using="gist",
        name="ex_prices_validity",
    ),
)
"""An empty region or tenant is every region or tenant: NULL would slip past the
exclusion constraint."""

records = Table(
    "records",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("resource_id", BigInteger, nullable=False),
    Column("component_id", SmallInteger, nullable=False),
    Column("span", TSTZRANGE, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("quantity", Numeric, nullable=False),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'")),
    Column("currency", Id, nullable=False),
    Column("unit_price", Numeric),
    Column("price_id", BigInteger),
    Column("amount", Numeric),
    Column("recorded_at", Instant, nullable=False, server_default=text("now()")),
    Column("superseded_at", Instant),
    CheckConstraint(
        "NOT isempty(span) AND lower_inc(span) AND NOT upper_inc(span)"
        " AND isfinite(lower(span)) AND isfinite(upper(span))",
        name="span",
    ),
    CheckConstraint("lower(span) IS NOT NULL AND upper(span) IS NOT NULL", name="bounded"),
    CheckConstraint("quantity >= 0 AND quantity < 'infinity'", name="quantity"),
    CheckConstraint("num_nulls(unit_price, price_id, amount) IN (0, 3)", name="priced"),
    ExcludeConstraint(
        ("resource_id", "="),
        ("component_id", "="),
        ("span", "&&"),
        using="gist",
        where=text("superseded_at IS NULL"),
        name="ex_records_overlap",
    ),
    Index("ix_records_tenant_id_start", "tenant_id", text("lower(span)")),
    Index(
        "ix_records_unpriced",
        "component_id",
        postgresql_where=text("unit_price IS NULL AND superseded_at IS NULL"),
    ),
)

revisions = Table(
    "revisions",
    metadata,
    Column("name", Id, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
"""How often a thing that processes keep in memory has changed: ``prices``."""
