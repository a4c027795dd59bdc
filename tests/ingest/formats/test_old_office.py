"""Word, PowerPoint and Excel files in binary formats are read, from samples that their programs wrote."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ingest.formats.spreadsheets import zipped
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.office.binary_records import packed_number, records

Read = Callable[[bytes, str], Text]

SAMPLES = Path(__file__).parents[1] / "samples"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def sample(read: Read, name: str) -> Text:
    return read((SAMPLES / name).read_bytes(), name)


def test_word(read: Read) -> None:
    """Headings, lists, links, tables, text boxes, footnotes, headers and letters beyond the first plane."""
    text = sample(read, "various.doc").text
    for each in (
        "This is the header text.",
        "Here is a text box",
        "1. Number bullet 1",
        "[This is a hyperlink](http://tika.apache.org/)",
        "| Row 1 Col 1 | Row 1 Col 2 | Row 1 Col 3 |",
        "ゾルゲと尾崎、淡々と最期",
        "𐌲𐌿𐍄𐌹𐍃𐌺",
        "This is a footnote.",
        "This is the footer text.",
    ):
        assert each in text


def test_word_of_1995(read: Read) -> None:
    assert "The quick brown fox jumps over the lazy dog" in sample(read, "word6.doc").text


def test_powerpoint(read: Read) -> None:
    text = sample(read, "slide.ppt").text
    assert "Sample Powerpoint Slide" in text
    assert "Powerpoint X for Mac" in text


class TestBinaryWorkbook:
    def test_as_excel_shows_it(self, read: Read) -> None:
        """Cells with their number formats, formulas' values, errors and comments."""
        found = sample(read, "various.xlsb")
        for each in (
            "| percent | 20% |",
            "| currency | $ 3.03 |",
            "| date | 2017-03-09 |",
            "| longer int | 1.2345678901E+15 |",
            "| formulaErr | #NAME? |",
            "| customFormat1 | 46/1963 |",
            "Comment at B11 (contents), Allison, Timothy B.: test comment",
        ):
            assert each in found.text
        assert [each.code for each in found.warnings] == ["left_out"]

    def test_an_early_version(self, read: Read) -> None:
        assert "created with Microsoft Excel 2007 Beta 2." in sample(read, "early.xlsb").text

    def test_hidden_sheets_and_merged_cells(self, read: Read) -> None:
        """A hidden sheet is left out and told; what is merged over rows stands in each."""
        cells = [
            record(0, struct.pack("<I", 0)) + label(0, "place") + label(1, "n"),
            record(0, struct.pack("<I", 1)) + label(0, "harbour") + whole(1, 7),
            record(0, struct.pack("<I", 2)) + whole(1, 8),
            record(177, struct.pack("<4I", 1, 2, 0, 0)),
        ]
        found = read(workbook(b"".join(cells), b"".join(cells[:1]), hidden=True), "a.xlsb")
        assert found.text == "## One\n\n| place | n |\n| --- | --- |\n| harbour | 7 |\n| harbour | 8 |"
        assert "hidden sheet" in found.warnings[0].message

    def test_cut_off(self, read: Read) -> None:
        """A sheet that ends within a record is read up to it, and that is told."""
        cells = record(0, struct.pack("<I", 0)) + label(0, "kept") + label(1, "lost")[:-1]
        found = read(workbook(cells, whole=False), "a.xlsb")
        assert found.text == "## One\n\n| kept |"
        assert [each.code for each in found.warnings] == ["damaged"]

    def test_far_cells(self, read: Read) -> None:
        """Cells far apart cost what they hold, not the area between them."""
        cells = label(0, "near").join((record(0, struct.pack("<I", 0)), record(0, struct.pack("<I", (1 << 20) - 1))))
        assert read(workbook(cells + label(16_383, "far")), "a.xlsb").text.endswith("|  | far |")


@pytest.mark.parametrize(
    ("value", "packed"),
    [(1.0, 0x3FF00000), (-3.0, (-3 << 2 & 0xFFFFFFFF) | 2), (12.34, (1234 << 2) | 3), (536870911.0, 0x7FFFFFFE)],
)
def test_packed_numbers(value: float, packed: int) -> None:
    """The forms of RkNumber (MS-XLSB, 2.5.123)."""
    assert packed_number(struct.pack("<I", packed), 0) == value


def test_long_records() -> None:
    """Types take up to two bytes and sizes up to four, of seven bits each."""
    assert list(records(record(635, bytes(300)) + record(0, b""))) == [(635, bytes(300)), (0, b"")]


def record(kind: int, content: bytes) -> bytes:
    return _varied(kind) + _varied(len(content)) + content


def label(column: int, text: str) -> bytes:
    return record(6, struct.pack("<II", column, 0) + _wide(text))


def whole(column: int, value: int) -> bytes:
    return record(2, struct.pack("<III", column, 0, value << 2 | 2))


def workbook(*sheets: bytes, hidden: bool = False, whole: bool = True) -> bytes:
    """An xlsb file of one or two sheets; the second may be hidden. If it is not `whole`, the sheets have no end."""
    end = record(130, b"") if whole else b""
    names = ("One", "Two")[: len(sheets)]
    listed = b"".join(
        record(156, struct.pack("<II", int(hidden and place > 0), place + 1) + _wide(f"r{place}") + _wide(name))
        for place, name in enumerate(names)
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": _relations("officeDocument", ["xl/workbook.bin"]),
            "xl/workbook.bin": listed,
            "xl/_rels/workbook.bin.rels": _relations("worksheet", [f"worksheets/{name}.bin" for name in names]),
            **{f"xl/worksheets/{name}.bin": sheet + end for name, sheet in zip(names, sheets, strict=True)},
        }
    )


def _relations(kind: str, targets: list[str]) -> str:
    made = (f'<Relationship Id="r{n}" Type="{_OFFICE}/{kind}" Target="{each}"/>' for n, each in enumerate(targets))
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{"".join(made)}</Relationships>'


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def _varied(number: int) -> bytes:
    found = b""
    while number > 0x7F:
        found += bytes([number & 0x7F | 0x80])
        number >>= 7
    return found + bytes([number])
