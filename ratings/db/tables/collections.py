"""How far sources were pulled."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Identity,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from ratings.db.tables.shared import Id, Instant, created_at, metadata

collections = Table(
    "collections",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("source", Id, nullable=False),
    Column("region", Id, nullable=False),
    Column("tenant_id", Id, nullable=False),
    Column("collected_from", Instant, nullable=False),
    Column("collected_until", Instant, nullable=False),
    Column("requested_at", Instant),
    Column("gone_at", Instant),
    Column("next_attempt_at", Instant, nullable=False),
    Column("last_attempt_at", Instant),
    Column("last_collected_at", Instant),
    Column("samples", BigInteger, nullable=False, server_default=text("0")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("code", Id),
    Column("detail", Text),
    created_at(),
    UniqueConstraint(
        "source", "region", "tenant_id", name="uq_collections_source_region_tenant_id"
    ),
    CheckConstraint("source <> ''", name="source"),
    CheckConstraint("region <> ''", name="region"),
    CheckConstraint("tenant_id <> ''", name="tenant_id"),
    CheckConstraint("samples >= 0", name="samples"),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("collected_from <= collected_until", name="span"),
    CheckConstraint(
        "num_nulls(code, detail) IN (0, 2) AND (code IS NULL) = (attempts = 0)", name="error"
    ),
)
"""A row per source, region and tenant. Everything from `collected_from` to `collected_until`
was taken in; who works on a row holds an advisory lock of its id."""
