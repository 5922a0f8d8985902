"""Idempotency keys: what a request was answered, so that it is not carried out twice.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-22
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEYS = """
CREATE TABLE idempotency_keys (
    caller text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL CONSTRAINT ck_idempotency_keys_key CHECK (key <> ''),
    fingerprint bytea NOT NULL
        CONSTRAINT ck_idempotency_keys_fingerprint CHECK (octet_length(fingerprint) = 32),
    status smallint NOT NULL
        CONSTRAINT ck_idempotency_keys_status CHECK (status BETWEEN 200 AND 299),
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_idempotency_keys PRIMARY KEY (caller, key)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
"""


def upgrade() -> None:
    op.execute(KEYS)
