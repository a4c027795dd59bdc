"""Numbers of xls files (BIFF8) are read as Excel shows them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ingest.office_files import ole_file
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.office.old_numbers import OldNumbers

Read = Callable[[bytes, str], Text]

_BIFF8, _GLOBALS, _WORKSHEET = 0x0600, 0x0005, 0x0010
FORMATS = {164: "00000", 165: '0.0" %"', 166: "dd.mm.yyyy", 167: '#,##0.00 "\u20ac"'}
STYLES = (0, 164, 165, 166, 167, 10, 14, 9, 2)
"""The format of each style: the default, those above, and built-in ones."""


def record(kind: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack("<HH", kind, len(content)) + content


def name_of(text: str, length: str) -> bytes:
    wide = max(text) > "\xff"
    return struct.pack(f"<{length}B", len(text), wide) + text.encode("utf-16-le" if wide else "latin-1")


def begin(kind: int, version: int = _BIFF8) -> bytes:
    return record(0x0809, struct.pack("<HHHHII", version, kind, 0x0DBB, 0x07CC, 0, 0x0306))


def cell(row: int, column: int, style: int) -> bytes:
    return struct.pack("<HHH", row, column, style)


def number(row: int, column: int, style: int, value: float) -> bytes:
    return record(0x0203, cell(row, column, style), struct.pack("<d", value))


def formula(row: int, column: int, style: int, value: bytes) -> bytes:
    return record(0x0006, cell(row, column, style), value, bytes(6), struct.pack("<H", 3), b"\x1e\x01\x00")


def packed(row: int, column: int, style: int, value: int) -> bytes:
    return record(0x027E, cell(row, column, style), struct.pack("<I", value << 2 | 2))


def packed_row(row: int, column: int, *cells: tuple[int, int]) -> bytes:
    parts = [struct.pack("<HI", style, value << 2 | 3) for style, value in cells]
    return record(0x00BD, struct.pack("<HH", row, column), *parts, struct.pack("<H", column + len(cells) - 1))


def workbook(*cells: bytes, from_1904: bool = False, chart: bytes = b"") -> bytes:
    """An xls file with one sheet."""
    formats = [record(0x041E, struct.pack("<H", id_), name_of(code, "H")) for id_, code in FORMATS.items()]
    styles = [record(0x00E0, struct.pack("<HH", 0, each), bytes(16)) for each in STYLES]
    head = begin(_GLOBALS) + record(0x0022, struct.pack("<H", from_1904)) + b"".join(formats + styles)
    sheet = name_of("Pr\xfcfung", "B")
    start = len(head) + 4 + 6 + len(sheet) + 4
    head += record(0x0085, struct.pack("<IH", start, 0), sheet) + record(0x000A)
    return ole_file(Workbook=head + begin(_WORKSHEET) + chart + b"".join(cells) + record(0x000A))


def shown(text: Text) -> list[str]:
    return [each.strip() for line in text.text.splitlines() if line.startswith("|") for each in line.split("|")[1:-1]]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (number(0, 0, 5, 0.255), "25.50%"),
        (number(0, 0, 7, 0.255), "26%"),
        (number(0, 0, 1, 7030.0), "07030"),
        (packed(0, 0, 1, 7030), "07030"),
        (number(0, 0, 2, 25.5), "25.5 %"),
        (number(0, 0, 3, 46133.0), "21.04.2026"),
        (number(0, 0, 6, 46133.0), "2026-04-21"),
        (number(0, 0, 4, 1234.5), "1,234.50 \u20ac"),
        (number(0, 0, 8, 2.0), "2.00"),
        (number(0, 0, 0, 2.5), "2.5"),
        (formula(0, 0, 5, struct.pack("<d", 0.5)), "50.00%"),
    ],
)
def test_as_shown(read: Read, written: bytes, expected: str) -> None:
    """A percentage, a code with zeros in front, an amount and a date are what a person sees, also as a formula's
    value.
    """
    assert expected in read(workbook(written), "a.xls").text


def test_rows_of_numbers(read: Read) -> None:
    """Numbers that stand side by side are stored together, and each has its own format."""
    text = read(workbook(packed_row(2, 1, (5, 50), (0, 700), (1, 703000)), number(3, 1, 5, 1.0)), "a.xls")
    assert shown(text)[:3] == ["50.00%", "7", "07030"]
    assert "100.00%" in text.text


def test_days_from_1904(read: Read) -> None:
    """Workbooks of old Macs count days from 1904."""
    assert "22.04.2030" in read(workbook(number(0, 0, 3, 46133.0), from_1904=True), "a.xls").text


def test_a_chart_in_a_sheet(read: Read) -> None:
    """A chart inside of a sheet has cells of its own, which are not the sheet's."""
    chart = begin(0x0020) + number(0, 0, 5, 0.5) + record(0x000A)
    assert "25.50%" in read(workbook(number(0, 0, 5, 0.255), chart=chart), "a.xls").text


def test_without_formats(tmp_path: Path) -> None:
    """What is no workbook of Excel 97 or later, or is locked or cut off, has no formats, and that is no failure."""
    whole, path = workbook(number(0, 0, 5, 0.25)), tmp_path / "blob"
    older = ole_file(Workbook=begin(_GLOBALS, 0x0500) + record(0x000A))
    locked = whole.replace(struct.pack("<HHH", 0x0022, 2, 0), struct.pack("<HHH", 0x002F, 2, 0))
    for data in (b"", b"no workbook", ole_file(Other=b"x"), older, locked, whole[:700]):
        path.write_bytes(data)
        assert OldNumbers(path).of_sheet("Pr\xfcfung") == {}
    path.write_bytes(whole)
    assert OldNumbers(path).of_sheet("Pr\xfcfung") == {(1, 1): "25.00%"}
    assert OldNumbers(path).of_sheet("Other") == {}
