"""What came in: events, and the resources and components that they are about."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from ratings.db.tables.shared import Id, Instant, metadata

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

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("resource_id", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant_id", Id),
    Column("name", Text),
    Column("status", Id),
    Column("created_at", Instant),
    Column("updated_at", Instant, primary_key=True),
    Column("deleted_at", Instant),
    Column("open", Boolean, nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("last_precedence", SmallInteger, nullable=False),
    Column("last_message_id", Id, nullable=False),
)
"""What the row of a sampled resource was after the last sample of a day (UTC), once one of a
later day has come: where deriving anew begins for a sample that comes late."""

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
    Index(None, "code", "received_at"),
)
"""`body` is text, not jsonb: what jsonb refuses must be kept too. An event that
bears no message id gets one derived from its body."""

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
