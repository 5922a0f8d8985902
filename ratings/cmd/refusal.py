"""How a command says no: one line on stderr and an exit code, instead of a traceback.

Exit codes: 0 done, 1 refused or found something wrong, 2 wrong command line (argparse),
130 interrupted, 143 terminated.  A bug still shows its traceback.
"""

import contextlib
import signal
import sys
from collections.abc import Iterator

from oslo_config import cfg
from sqlalchemy.exc import DBAPIError

from ratings.cmd.database import SchemaOutdated
from ratings.core.errors import DefinitionError, RatingError
from ratings.db.embedded import EmbeddedError
from ratings.db.engine import UnsupportedDatabase
from ratings.db.migration import MigrationError

#: Exceptions whose message is meant for the operator.
REFUSALS = (
    cfg.Error,
    DefinitionError,
    EmbeddedError,
    MigrationError,
    OSError,
    RatingError,
    SchemaOutdated,
    UnsupportedDatabase,
)


@contextlib.contextmanager
def explained(prog: str) -> Iterator[None]:
    """Turn a refusal inside into a line that begins with `prog`, and SystemExit.

    SIGTERM raises SystemExit as well, so that whatever was started is stopped on the way out.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    except REFUSALS as error:
        _exit(prog, str(error))
    except DBAPIError as error:
        # SQLAlchemy's own text repeats the statement with all its parameters.
        _exit(prog, f"the database says: {error.orig}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


def _exit(prog: str, message: str) -> None:
    print(f"{prog}: {message}", file=sys.stderr)
    sys.exit(1)
