"""What is known of requests that must not be carried out twice."""

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, SmallInteger, Table

from ratings.db.tables.shared import Id, created_at, metadata

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Id, primary_key=True),
    Column("key", Id, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    created_at(),
    CheckConstraint("key <> ''", name="key"),
    CheckConstraint("octet_length(fingerprint) = 32", name="fingerprint"),
    CheckConstraint("status BETWEEN 200 AND 299", name="status"),
    Index(None, "created_at"),
)
"""A row per key that had an effect. No evidence: it is forgotten after a day."""
