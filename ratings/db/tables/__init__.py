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

from ratings.db.tables import budgets, collections, journal, ledger, orders, outbox, requests
from ratings.db.tables.shared import metadata

__all__ = [
    "budgets",
    "collections",
    "journal",
    "ledger",
    "metadata",
    "orders",
    "outbox",
    "requests",
]
