"""The numbers of an xls workbook as they are shown, from the records of its stream (BIFF8, MS-XLS)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from vectorlog.ingest.formats.office.binary_records import packed_number, real, whole
from vectorlog.ingest.formats.office.number_format import BUILT_IN, Formatter, formatters

_BEGIN, _END, _SHEET, _FROM_1904, _FORMAT, _STYLE = 0x0809, 0x000A, 0x0085, 0x0022, 0x041E, 0x00E0
_NUMBER, _PACKED, _PACKED_ROW, _FORMULA = 0x0203, 0x027E, 0x00BD, 0x0006
"""BOF, EOF, BoundSheet8, Date1904, Format, XF; Number, RK, MulRk, Formula (2.4)."""
_ENCRYPTED = 0x002F
_BIFF8 = 0x0600
_NO_NUMBER = 0xFFFF
"""What the upper bytes of a formula's value are if it is a text, a truth value or an error (2.5.133)."""

Numbers = Mapping[tuple[int, int], str]
"""By row and column from 1: the numbers of a sheet that have a form other than `General`."""


class OldNumbers:
    """The number formats of a workbook. Of one that is not BIFF8, or is locked, no sheet has any.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._stream = _workbook(path)
        self._sheets: dict[str, int] = {}
        self._formats: list[Formatter | None] = []
        if not self._stream:
            return
        codes, styles, from_1904 = dict(BUILT_IN), [], False
        for kind, record in _records(self._stream, 0):
            match kind:
                case k if k == _ENCRYPTED:
                    return
                case k if k == _SHEET:
                    self._sheets.setdefault(_text(record, 6, 1), whole(record, 0))
                case k if k == _FROM_1904:
                    from_1904 = bool(whole(record, 0, 2))
                case k if k == _FORMAT:
                    codes[whole(record, 0, 2)] = _text(record, 2, 2)
                case k if k == _STYLE:
                    styles.append(whole(record, 2, 2))
        self._formats = formatters(codes, styles, from_1904=from_1904)

    def of_sheet(self, name: str) -> Numbers:
        """Returns the numbers of a sheet as they are shown; none if it has no formats, or is damaged."""
        start = self._sheets.get(name)
        if start is None or not any(self._formats):
            return {}
        found: dict[tuple[int, int], str] = {}
        for row, column, style, number in _numbers(self._stream, start):
            written = self._formats[style] if style < len(self._formats) else None
            if written is not None:
                found[row + 1, column + 1] = written(number)
        return found


def _workbook(path: Path) -> bytes:
    """Returns the stream of a workbook in BIFF8; empty if there is none."""
    from olefile import OleFileIO  # type: ignore[import-untyped]

    try:
        with OleFileIO(str(path)) as ole:
            name = next(each for each in ole.listdir() if [part.lower() for part in each] == ["workbook"])
            stream: bytes = ole.openstream(name).read()
    except (OSError, StopIteration):
        return b""
    begins = whole(stream, 0, 2) == _BEGIN and whole(stream, 4, 2) == _BIFF8
    return stream if begins else b""


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yields the type and the content of the records of a part, up to its end. Parts in it are left out."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        if kind == _BEGIN:
            depth += 1
        elif kind == _END:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _numbers(stream: bytes, start: int) -> Iterator[tuple[int, int, int, float]]:
    """Yields the row, column and style of each number of a sheet, all from 0, and the number."""
    for kind, record in _records(stream, start):
        row, column, style = whole(record, 0, 2), whole(record, 2, 2), whole(record, 4, 2)
        if kind == _NUMBER:
            yield row, column, style, real(record, 6)
        elif kind == _PACKED:
            yield row, column, style, packed_number(record, 6)
        elif kind == _PACKED_ROW:
            for place in range((len(record) - 6) // 6):
                at = 4 + 6 * place
                yield row, column + place, whole(record, at, 2), packed_number(record, at + 2)
        elif kind == _FORMULA and whole(record, 12, 2) != _NO_NUMBER:
            yield row, column, style, real(record, 6)


def _text(record: bytes, at: int, length_bytes: int) -> str:
    """Returns a text whose length, in characters, has so many bytes: one byte a character, or two (2.5.294)."""
    length, at = whole(record, at, length_bytes), at + length_bytes
    if whole(record, at, 1) & 1:
        return record[at + 1 : at + 1 + 2 * length].decode("utf-16-le", "replace")
    return record[at + 1 : at + 1 + length].decode("latin-1")
