"""Senders: who may deliver events without a token, since Ceilometer's HTTP publisher has none.

The file of ``[ingest] credentials_file`` says for each name how it is known, by a secret or by
its TLS certificate, and of which regions it may deliver::

    ceilometer:
      secret: $scrypt$ln=14,r=8,p=1$...       # ratings-manage ingest hash
      regions: [RegionOne]
    agent.two.example.com:
      tls: true
      regions: [RegionTwo]
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path

import msgspec
import yaml

from ratings.api.caller import Caller
from ratings.core.errors import DefinitionError

ROLE = "service"
"""What a sender is to the policy; it has no other role, and no project."""

ANY_REGION = "*"

_COST, _BLOCKS, _LANES = 14, 8, 1
_MEMORY = 64 * 1024 * 1024
_HASH = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{22,86})\$([A-Za-z0-9+/]{43})"
)


class Hash(msgspec.Struct, frozen=True):
    """What is kept of a secret: the result of scrypt, and what it was made with.

    Memory and time double with each `cost`; the defaults take 16 MiB and some 50 ms.
    """

    salt: bytes
    digest: bytes = b""
    cost: int = _COST
    blocks: int = _BLOCKS
    lanes: int = _LANES

    def of(self, secret: bytes) -> bytes:
        """The digest that `secret` would have."""
        return hashlib.scrypt(
            secret,
            salt=self.salt,
            n=2**self.cost,
            r=self.blocks,
            p=self.lanes,
            maxmem=_MEMORY,
            dklen=32,
        )

    def __str__(self) -> str:
        work = f"ln={self.cost},r={self.blocks},p={self.lanes}"
        return f"$scrypt${work}${_text(self.salt)}${_text(self.digest)}"


def hashed(secret: str) -> Hash:
    """What to keep of a new secret."""
    empty = Hash(os.urandom(16))
    return msgspec.structs.replace(empty, digest=empty.of(secret.encode()))


def parsed(text: str) -> Hash:
    """The hash that was written as `text`. ValueError if it is none, or takes too much memory."""
    found = _HASH.fullmatch(text)
    if found is None:
        raise ValueError("is no hash of scrypt; ratings-manage ingest hash makes one")
    cost, blocks, lanes, salt, digest = found.groups()
    one = Hash(_bytes(salt), _bytes(digest), int(cost), int(blocks), int(lanes))
    try:
        one.of(b"")
    except (ValueError, TypeError, MemoryError, OverflowError):
        raise ValueError("has parameters of scrypt that cannot be used") from None
    return one


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    regions: list[str]
    secret: str | None = None
    tls: bool = False


class Senders:
    """Finds out which sender it is. Threads may share it.

    A secret that was found to be right is remembered by a digest whose key never leaves this
    process: scrypt for every request would take a processor at twenty of them a second. Who
    guesses gains nothing by that, since a wrong secret always costs a scrypt.
    """

    def __init__(
        self, known: Mapping[str, Caller], hashes: Mapping[str, Hash], tls: frozenset[str]
    ):
        self._known = known
        self._hashes = hashes
        self._tls = tls
        self._key = os.urandom(32)
        self._verified: dict[str, bytes] = {}
        # One scrypt at a time: guesses must not take all processors and all memory.
        self._lock = threading.Lock()
        # The work of a name that nobody has is that of one that somebody has.
        dearest = max(
            hashes.values(), key=lambda one: (one.cost, one.blocks, one.lanes), default=None
        )
        self._decoy = dearest or Hash(os.urandom(16))

    def by_secret(self, name: str, secret: bytes) -> Caller | None:
        """The sender of that name, if this is its secret."""
        if not self._hashes:
            return None
        digest = hmac.digest(self._key, name.encode() + b"\0" + secret, "sha256")
        if hmac.compare_digest(self._verified.get(name, b""), digest):
            return self._known[name]
        kept = self._hashes.get(name)
        with self._lock:
            found = (kept or self._decoy).of(secret)
        if kept is None or not hmac.compare_digest(found, kept.digest):
            return None
        self._verified[name] = digest
        return self._known[name]

    def by_certificate(self, name: str) -> Caller | None:
        """The sender that the TLS server has verified to have that name."""
        return self._known[name] if name in self._tls else None


def load(path: str | Path | None) -> Senders:
    """The senders of the file at `path`; none without one.

    Raises DefinitionError (which names the place) and OSError.
    """
    if path is None:
        return Senders({}, {}, frozenset())
    source = Path(path)
    try:
        document = yaml.safe_load(source.read_text(encoding="utf-8")) or {}
        entries = msgspec.convert(document, dict[str, _Entry])
        hashes = {name: _hash(name, one.secret) for name, one in entries.items() if one.secret}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{source} is no YAML: {error}") from error
    except (msgspec.ValidationError, ValueError) as error:
        raise DefinitionError(f"{source}: {error}") from error
    for name, one in entries.items():
        if not name or ":" in name or (one.secret is None) != one.tls or not one.regions:
            raise DefinitionError(
                f"{source}: {name!r} needs a name without a colon, regions, and either a secret "
                "or tls: true"
            )
    tls = frozenset(name for name, one in entries.items() if one.tls)
    return Senders({name: _caller(name, one) for name, one in entries.items()}, hashes, tls)


def _caller(name: str, entry: _Entry) -> Caller:
    everywhere = ANY_REGION in entry.regions
    regions = None if everywhere else frozenset(entry.regions)
    return Caller(name=f"sender {name}", roles=frozenset({ROLE}), regions=regions)


def _hash(name: str, text: str) -> Hash:
    try:
        return parsed(text)
    except ValueError as error:
        raise ValueError(f"the secret of {name!r} {error}") from None


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("is no base64") from None
