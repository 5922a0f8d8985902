"""Checkpoints: from where on a resource is derived anew when a sample comes late.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-30
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Resources that were sampled before this have none for that time: what comes late then is derived
# from the beginning, as before.
CHECKPOINTS = """
CREATE TABLE checkpoints (
    resource_id bigint NOT NULL,
    tenant_id text COLLATE "C",
    name text,
    status text COLLATE "C",
    created_at timestamptz,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    open boolean NOT NULL,
    facts jsonb NOT NULL,
    last_precedence smallint NOT NULL,
    last_message_id text COLLATE "C" NOT NULL,
    CONSTRAINT pk_checkpoints PRIMARY KEY (resource_id, updated_at)
);
"""


def upgrade() -> None:
    op.execute(CHECKPOINTS)
