"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

The rules of a migration:

1. Its number is the next free one (alembic revision --rev-id 0042 -m "what it does"); there is
   one head.  It never changes after a release.
2. Forward only: there is no downgrade().  What has to be undone is undone by the next migration.
3. Old code runs on the new schema while workers are replaced: add columns as nullable or with a
   constant default, drop what nothing has read for one release, never rename.
4. No long locks.  lock_timeout is 5 s.  An index on a table with data is built by
   `with op.get_context().autocommit_block(): op.create_index(..., postgresql_concurrently=True)`,
   a constraint is added NOT VALID and validated by the next migration.
5. Events, records and orders are never rewritten.  Their laws are constraints: give each a name.
6. It imports nothing from ratings: the code moves on, this file does not.
7. ratings/db/tables says the same; "ratings-manage db_check" compares, and so does the suite.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | Sequence[str] | None = ${repr(branch_labels)}
depends_on: str | Sequence[str] | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
