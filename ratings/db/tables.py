"""The tables, as SQLAlchemy sees them. What they promise is in ``alembic/``.

Beyond these, the migrations install what SQLAlchemy has no words for: triggers
that refuse to edit or delete what is append-only, a revision that counts every
change of prices, and the function ``share_of``. The suite compares this module
with a migrated database.

`events` and `records` bear no foreign key to `resources`: a check per row makes
writing it a tenth slower (measured by COPY of ledger rows), and says nothing new.
The row they point at is locked when they are written, and a trigger refuses to
delete it ever after; the audit looks all the same.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, ExcludeConstraint

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ex": "ex_%(table_name)s_%(column_0_name)s",
    }
)

Instant = DateTime(timezone=True)
Id = Text(collation="C")
"""Identifiers and codes: compared byte by byte, whatever the database's language."""


def _now() -> Column[datetime]:
    return Column("created_at", Instant, nullable=False, server_default=text("now()"))


components = Table(
    "components",
    metadata,
    Column("id", SmallInteger, Identity(), primary_key=True),
    Column("name", Id, nullable=False),
    Column("unit", Text, nullable=False),
    UniqueConstraint("name"),
)

resources = Table(
    "resources",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("region", Id, nullable=False),
    Column("resource_type", Id, nullable=False),
    Column("resource_id", Id, nullable=False),
    Column("tenant_id", Id),
    Column("name", Text),
    Column("status", Id),
    Column("created_at", Instant),
    Column("updated_at", Instant),
    Column("deleted_at", Instant),
    Column("open", Boolean, nullable=False, server_default=text("false")),
    Column("facts", JSONB, nullable=False, server_default=text("'{}'")),
    Column("last_precedence", SmallInteger),
    Column("last_message_id", Id),
    UniqueConstraint("region", "resource_type", "resource_id"),
    Index(None, "tenant_id"),
    Index(None, "resource_id"),
)
"""`updated_at` is the time of the last event; with the two columns of the same
prefix it is that event's place in the timeline. `open` and `facts` are what is
believed since, so that an event that comes in order needs no history."""

events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("message_id", Id, nullable=False),
    Column("region", Id, nullable=False),
    Column("event_type", Id, nullable=False),
    Column("event_time", Instant),
    Column("received_at", Instant, nullable=False, server_default=text("now()")),
    Column("state", Id, nullable=False),
    Column("resource_id", BigInteger),
    Column("tenant_id", Id),
    Column("action", Id),
    Column("starts", Boolean),
    Column("content", JSONB),
    Column("body", JSONB, nullable=False),
    UniqueConstraint("message_id"),
    CheckConstraint("state IN ('rated', 'ignored')", name="state"),
    CheckConstraint(
        "state = 'ignored' OR num_nulls(resource_id, event_time, action, starts, content) = 0",
        name="complete",
    ),
    Index(None, "resource_id", "event_time"),
    Index(None, "event_time", postgresql_using="brin"),
)

parked_events = Table(
    "parked_events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("message_id", Id, nullable=False),
    Column("region", Id, nullable=False),
    Column("code", Id, nullable=False),
    Column("detail", Text, nullable=False),
    Column("received_at", Instant, nullable=False, server_default=text("now()")),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("body", Text, nullable=False),
    UniqueConstraint("message_id"),
)
"""`body` is text, not jsonb: what jsonb refuses must be kept too. An event that
bears no message id gets one derived from its body."""

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
    _now(),
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
    _now(),
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

tallies = Table(
    "tallies",
    metadata,
    Column("region", Id, primary_key=True),
    Column("shard", SmallInteger, primary_key=True),
    Column("received", BigInteger, nullable=False, server_default=text("0")),
    Column("rated", BigInteger, nullable=False, server_default=text("0")),
    Column("ignored", BigInteger, nullable=False, server_default=text("0")),
    Column("parked", BigInteger, nullable=False, server_default=text("0")),
    Column("duplicate", BigInteger, nullable=False, server_default=text("0")),
    Column("last_event_time", Instant),
    Column("last_received_at", Instant),
)
"""Running sums of what came in, in the transaction that took it in. Sixteen
shards per region, so that writers do not queue for one row."""

revisions = Table(
    "revisions",
    metadata,
    Column("name", Id, primary_key=True),
    Column("revision", BigInteger, nullable=False),
)
"""How often a thing that processes keep in memory has changed: ``prices``."""
