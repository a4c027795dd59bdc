"""The records of which the parts of a binary workbook (xlsb) consist (MS-XLSB)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MOST_TYPE_BYTES, _MOST_SIZE_BYTES = 2, 4
_NO_TEXT = 0xFFFFFFFF


def records(part: bytes) -> Iterator[tuple[int, bytes]]:
    """Yields the type and the content of each record (2.1.4). A part that is cut off ends with the last whole one."""
    at = 0
    while at < len(part):
        kind, at = _number(part, at, _MOST_TYPE_BYTES)
        size, at = _number(part, at, _MOST_SIZE_BYTES)
        if at + size > len(part):
            return
        yield kind, part[at : at + size]
        at += size


def whole(record: bytes, at: int, size: int = 4) -> int:
    """Returns the whole number of `size` bytes at a place; 0 beyond the end."""
    return int.from_bytes(record[at : at + size], "little")


def text(record: bytes, at: int) -> tuple[str, int]:
    """Returns the text (XLWideString) at a place, and where it ends; empty if there is none."""
    length = whole(record, at)
    if length == _NO_TEXT:
        return "", at + 4
    end = at + 4 + 2 * length
    return record[at + 4 : end].decode("utf-16-le", "replace"), end


def real(record: bytes, at: int) -> float:
    """Returns the number of eight bytes at a place; 0 beyond the end."""
    value: float = struct.unpack("<d", record[at : at + 8].ljust(8, b"\0"))[0]
    return value


def packed_number(record: bytes, at: int) -> float:
    """Returns the number that four bytes hold (RkNumber, 2.5.123): the upper part of a real number, or a whole one of
    30 bits; a hundredth of it if its lowest bit says so.
    """
    raw = whole(record, at)
    if raw & 2:
        value = float((raw >> 2) - (1 << 30 if raw & (1 << 31) else 0))
    else:
        value = struct.unpack("<d", struct.pack("<Q", (raw & ~3) << 32))[0]
    return value / 100 if raw & 1 else value


def _number(part: bytes, at: int, most: int) -> tuple[int, int]:
    """Returns a number of up to `most` bytes of 7 bits each, the lowest first, and where it ends."""
    found = 0
    for place in range(most):
        byte = part[at + place] if at + place < len(part) else 0
        found |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return found, at + place + 1
    return found, at + most
