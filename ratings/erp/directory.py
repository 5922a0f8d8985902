"""``directory``: a file for each order, in a format of `ratings.exporters`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from oslo_config.cfg import ConfigOpts

from ratings.core.deliveries import Deliver, Parcel, Unreachable
from ratings.core.errors import DefinitionError
from ratings.erp import Formats, required

_LONGEST = 200
"""Bytes of a name; file systems end at 255."""


def connect(conf: ConfigOpts, formats: Formats) -> Deliver:
    """Writes ``<path>/<tenant>/<order id>-<digest>.<suffix>``; the reference is that path.

    The file is there whole or not at all, also after a power cut. One that is there
    with the same bytes is left alone.
    """
    required(conf, "erp_directory", "path")
    name = conf.erp_directory.exporter
    if name not in formats:
        known = ", ".join(sorted(formats))
        raise DefinitionError(f"[erp_directory] exporter: {name} is none of {known}")
    root, chosen = Path(conf.erp_directory.path), formats[name]

    def deliver(parcel: Parcel) -> str:
        issued = parcel.issued
        tenant = _folder_of(issued.order.tenant_id)
        file = f"{issued.id}-{(issued.order.digest or '')[:8]}{chosen.suffix}"
        content = chosen.render(issued)
        try:
            _write(root, tenant, file, content)
        except OSError as error:
            raise Unreachable(f"{root}: {error}") from error
        return f"{tenant}/{file}"

    return deliver


def _folder_of(tenant_id: str) -> str:
    """A name for the folder of a tenant, who may be called anything, ``..`` included."""
    name = quote(tenant_id, safe="").replace(".", "%2E")
    return name if len(name) <= _LONGEST else hashlib.sha256(tenant_id.encode()).hexdigest()


def _write(root: Path, tenant: str, file: str, content: bytes) -> None:
    folder = root / tenant
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)  # the root is the operator's: one that is not mounted is told
        _sync(root)
    path = folder / file
    if path.is_file() and path.read_bytes() == content:
        return
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fchmod(opened.fileno(), 0o640)
            os.fsync(opened.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
    _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
