"""The bytes of a segment: entries one after another, each able to prove that it is whole.

::

    segment   MAGIC (16 bytes), progress (12 bytes), then frames
    progress  offset up to which entries are settled (u64), CRC-32 of these 8 bytes
    frame     MARK (4 bytes), size of the payload (u32), its CRC-32,
              CRC-32 of the 12 bytes before; then the payload: an Entry in MessagePack

Integers are big-endian. A process that dies leaves at worst the beginning of a frame behind its
last whole one: it is *torn*, and nobody was told that it is there. Anything else that is no frame
is *damaged*, by the disk or by a hand. The head has a sum of its own so that the two are not
mistaken for each other. Behind damage the next MARK that begins a whole frame is looked for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from zlib import crc32

import msgspec

MAGIC = b"ratings spool 1\n"
MARK = b"\xf5rE\x00"

_PROGRESS = struct.Struct(">QI")
_HEAD = struct.Struct(">4sIII")
_SUM = 12
"""Where the sum of a head stands in it."""

START = len(MAGIC) + _PROGRESS.size
"""Offset of the first frame."""


class Entry(msgspec.Struct, frozen=True):
    """A request as it came.

    kind: of the endpoint, such as ``events``. region: where its events are from. received_at: in
    UTC.
    """

    kind: str
    region: str
    received_at: datetime
    body: bytes


class Frame(NamedTuple):
    """Bytes from `start` to `end`: an entry, or what is none (`torn` or damaged)."""

    start: int
    end: int
    entry: Entry | None
    torn: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Entry)


def encode(entry: Entry) -> bytes:
    """The frame of `entry`."""
    payload = _encoder.encode(entry)
    head = struct.pack(">4sII", MARK, len(payload), crc32(payload))
    return b"".join((head, crc32(head).to_bytes(4, "big"), payload))


def beginning(settled: int = START) -> bytes:
    """The first `START` bytes of a segment of which all before `settled` is done with."""
    offset = settled.to_bytes(8, "big")
    return MAGIC + offset + crc32(offset).to_bytes(4, "big")


def settled(data: bytes) -> int:
    """The offset up to which entries are done with; `START` if that cannot be told."""
    if len(data) < START:
        return START
    offset, found = _PROGRESS.unpack_from(data, len(MAGIC))
    whole = found == crc32(data[len(MAGIC) : len(MAGIC) + 8])
    return offset if whole and START <= offset <= len(data) else START


def read(data: bytes, start: int = START) -> Iterator[Frame]:
    """What is in `data`, a segment or the beginning of one, from offset `start` on."""
    while start < len(data):
        frame = _frame(data, start) or _gap(data, start)
        yield frame
        start = frame.end


def _frame(data: bytes, start: int) -> Frame | None:
    """The whole frame at `start`; None if there is none."""
    size = _size(data, start)
    if size is None:
        return None
    begin = start + _HEAD.size
    end = begin + size
    payload = data[begin:end]
    if len(payload) < size or crc32(payload) != _HEAD.unpack_from(data, start)[2]:
        return None
    try:
        return Frame(start, end, _decoder.decode(payload))
    except msgspec.DecodeError:  # of another release
        return None


def _size(data: bytes, start: int) -> int | None:
    """What the head at `start` says of its payload; None if it is no head."""
    if len(data) - start < _HEAD.size:
        return None
    mark, size, _, found = _HEAD.unpack_from(data, start)
    whole = mark == MARK and found == crc32(data[start : start + _SUM])
    return int(size) if whole else None


def _gap(data: bytes, start: int) -> Frame:
    """From `start`, where no frame is, to the next one, or to the end."""
    following = data.find(MARK, start + 1)
    while following != -1:
        if _frame(data, following) is not None:
            return Frame(start, following, None)
        following = data.find(MARK, following + 1)
    return Frame(start, len(data), None, torn=_is_torn(data, start))


def _is_torn(data: bytes, start: int) -> bool:
    """Whether what follows `start` is a frame of which the end is missing."""
    size = _size(data, start)
    if size is not None:
        return start + _HEAD.size + size > len(data)
    rest = data[start:]
    return len(rest) < _HEAD.size and MARK.startswith(rest[: len(MARK)])
