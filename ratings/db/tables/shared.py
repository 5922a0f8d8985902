"""What the tables have in common."""

from datetime import datetime

from sqlalchemy import Column, DateTime, MetaData, Text, text

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


def created_at() -> Column[datetime]:
    return Column("created_at", Instant, nullable=False, server_default=text("now()"))
