"""Spreadsheets are read as their program shows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ingest.formats.spreadsheets import row, workbook
from vectorlog.ingest.document import Text, Unreadable

Read = Callable[[bytes, str], Text]


def _table(read: Read, data: bytes) -> str:
    return read(data, "a.xlsx").text.removeprefix("## Stock\n\n")


class TestUsedArea:
    def test_a_styled_cell_far_away(self, read: Read) -> None:
        """Cells without content do not count, and neither do empty rows and columns."""
        rows = row(3, None, "name", None, "n") + row(9, None, "x", None, 2)
        data = workbook(f'{rows}<row r="1048576"><c r="XFD1048576" s="1"/></row>', formats=("0.00",))
        assert _table(read, data) == "| name | n |\n| --- | --- |\n| x | 2 |"

    def test_titles_above_a_table(self, read: Read) -> None:
        """A line above a table is no header."""
        text = read(workbook(row(1, "Stock in May") + row(3, "name", "n") + row(4, "x", 2)), "a.xlsx")
        assert text.text == "## Stock\n\nStock in May\n\n| name | n |\n| --- | --- |\n| x | 2 |"
        assert [text.text[each.start : each.header] for each in text.tables] == ["| name | n |\n| --- | --- |"]

    def test_references_are_optional(self, read: Read) -> None:
        """Cells and rows without a reference follow the last one."""
        rows = "<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c><c><v>4</v></c></row>"
        assert _table(read, workbook(rows)) == "| 1 | 2 |\n| --- | --- |\n| 3 | 4 |"


class TestMergedCells:
    def test_over_rows_and_columns(self, read: Read) -> None:
        """What is merged over rows stands in each, what is merged over columns names them in the header."""
        rows = row(1, "Depot", "2025", None) + row(2, None, "May", "June") + row(3, "North", 1, 2) + row(4, None, 3, 4)
        after = '<mergeCells><mergeCell ref="B1:C1"/><mergeCell ref="A1:A2"/><mergeCell ref="A3:A4"/></mergeCells>'
        assert _table(read, workbook(rows, after=after)) == (
            "| Depot | 2025 | 2025 |\n| Depot | May | June |\n| --- | --- | --- |\n| North | 1 | 2 |\n| North | 3 | 4 |"
        )


class TestValues:
    @pytest.mark.parametrize(
        ("code", "value", "shown"),
        [
            ("0.0%", "0.255", "25.5%"),
            ("00000", "7030", "07030"),
            ("#,##0.00 &quot;EUR&quot;", "1234.5", "1,234.50 EUR"),
            ("#,##0.00\\ [$€-407]", "450", "450.00 €"),
            ("yyyy-mm-dd", "46133", "2026-04-21"),
            ("d.m.yy h:mm", "46133.75", "21.4.26 18:00"),
            ("[h]:mm", "1.5", "36:00"),
            ("General", "0.30000000000000004", "0.3"),
            (";;;", "5", "5"),
        ],
    )
    def test_number_formats(self, read: Read, code: str, value: str, shown: str) -> None:
        """A number is read as its format shows it."""
        data = workbook(f'<row r="1"><c r="A1" s="1"><v>{value}</v></c></row>', formats=(code,))
        assert _table(read, data) == f"| {shown} |"

    def test_kinds_of_cells(self, read: Read) -> None:
        """Shared strings without reading aids, booleans, errors, dates and results of formulas."""
        cells = (
            '<c t="s"><v>0</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2026-04-21T00:00:00</v></c>'
            '<c t="str"><f>A1&amp;""</f><v>text</v></c>'
        )
        strings = ("<r><t>東</t></r><r><t>京</t></r><rPh><t>トウキョウ</t></rPh>",)
        shown = "| 東京 | TRUE | #N/A | 2026-04-21 | text |"
        assert _table(read, workbook(f"<row>{cells}</row>", strings=strings)) == shown

    def test_a_formula_without_value(self, read: Read) -> None:
        """The formula is read, and a warning says so."""
        text = read(workbook("<row><c><f>SUM(B2:B3)</f></c><c><f>A1</f><v></v></c></row>"), "a.xlsx")
        assert "=SUM(B2:B3) | =A1" in text.text
        assert [(each.code, each.where) for each in text.warnings] == [("formula_without_value", "sheet Stock")]


class TestAroundTheCells:
    def test_comments(self, read: Read) -> None:
        """A comment says at which cell it is, and who wrote it."""
        comments = (
            '<comments><authors><author>Ann</author></authors><commentList><comment ref="A2" authorId="0"><text>'
            "<r><t>Recalled.</t></r></text></comment></commentList></comments>"
        )
        data = workbook(
            row(1, "Part") + row(2, "Hinge"),
            parts={"xl/comments1.xml": comments},
            related={"c": ("comments", "../comments1.xml")},
        )
        assert _table(read, data).endswith("| Hinge |\n\nComment at A2 (Hinge), Ann: Recalled.")

    def test_links_and_printed_lines(self, read: Read) -> None:
        """A link has its address; headers and footers lose their codes."""
        data = workbook(
            row(1, "Tides"),
            after='<hyperlinks><hyperlink ref="A1" r:id="l"/></hyperlinks><headerFooter><oddHeader>&amp;C&amp;"Arial"'
            "Port of May&amp;RPage &amp;P</oddHeader></headerFooter>",
            related={"l": ("hyperlink", "https://example.org/tides")},
        )
        assert _table(read, data) == "| [Tides](https://example.org/tides) |\n\nPort of May Page"

    def test_hidden_sheets_are_told(self, read: Read) -> None:
        """A workbook whose only sheet is hidden has no text."""
        with pytest.raises(Unreadable, match="No text"):
            read(workbook(row(1, "x"), state="hidden"), "a.xlsx")


def test_a_damaged_sheet_is_read_up_to_the_damage(read: Read) -> None:
    """A warning says which sheet it is."""
    text = read(workbook(row(1, "x") + "</broken>"), "a.xlsx")
    assert "| x |" in text.text
    assert [each.code for each in text.warnings] == ["damaged"]


def test_text_that_grows_is_refused(read: Read) -> None:
    """A long string that is shown in thousands of cells is refused."""
    cell = '<c t="s"><v>0</v></c>'
    rows = f"<row>{cell * 26}</row>" * 600
    with pytest.raises(Unreadable, match="unpacks"):
        read(workbook(rows, strings=(f"<t>{'word ' * 6000}</t>",)), "a.xlsx")
