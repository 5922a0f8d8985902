"""Where the files that are no Python code lie: migrations and default data.

A checkout keeps them at its top, where people look for them; a wheel carries them inside the
package (``package_dir`` of setup.cfg).  An editable install is a checkout.  So the folder is
looked for, never a module: both layouts must work and only one of them has modules.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def migrations() -> Path:
    """The folder with Alembic's ``env.py``, ``script.py.mako`` and ``versions/``."""
    return _first(_PACKAGE / "migrations", _PACKAGE.parent / "alembic")


def defaults() -> Path:
    """The folder with the default data files (``definitions.yaml``, ``meter_mappings.yaml``)."""
    return _first(_PACKAGE / "defaults", _PACKAGE.parent / "etc" / "ratings")


def _first(in_wheel: Path, in_checkout: Path) -> Path:
    # The wheel's place comes first: next to an installed package, "../alembic" is the library.
    for folder in (in_wheel, in_checkout):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"incomplete installation: neither {in_wheel} nor {in_checkout}")
