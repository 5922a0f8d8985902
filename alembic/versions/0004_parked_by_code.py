"""Parked events by their reason and age, without their bodies.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-22
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_parked_events_code_received_at",
            "parked_events",
            ["code", "received_at"],
            postgresql_concurrently=True,
        )
