"""OpenDocument files are read as their program shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.ingest.formats.spreadsheets import zipped
from vectorlog.ingest.document import Text

Read = Callable[[bytes, str], Text]
_NAMES = ("office", "text", "table", "style", "draw", "presentation")
NAMESPACES = " ".join(
    f'xmlns:{each}="urn:oasis:names:tc:opendocument:xmlns:{ {"draw": "drawing"}.get(each, each) }:1.0"'
    for each in _NAMES
) + (' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xlink="http://www.w3.org/1999/xlink"')


def opendocument(kind: str, body: str, styles: str = "", parts: Mapping[str, str] | None = None) -> bytes:
    """An OpenDocument file; `styles` are automatic ones of its content."""
    content = (
        f"<office:document-content {NAMESPACES}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content, **(parts or {})})


def _cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


class TestText:
    def test_notes_and_comments(self, read: Read) -> None:
        """They follow the paragraph, and a note's sign is not glued to a word."""
        body = (
            "<text:p>The fee is 40<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>Except "
            "in May.</text:p></text:note-body></text:note> per night<office:annotation><dc:creator>Ann</dc:creator>"
            "<text:p>Check.</text:p></office:annotation>.</text:p>"
        )
        shown = "The fee is 40[1] per night.\n\n[1] Except in May.\n\nComment (Ann): Check."
        assert read(opendocument("text", body), "a.odt").text == shown

    def test_covered_cells(self, read: Read) -> None:
        """Cells after merged ones stay in their column; what is merged over rows stands in each."""
        covered = "<table:covered-table-cell/>"
        wide = 'table:number-columns-spanned="2"'
        rows = [
            _cell("Item") + _cell("Spring") + _cell("Summer"),
            _cell("Total", wide) + covered + _cell("9"),
            _cell("North", 'table:number-rows-spanned="2"') + _cell("1") + _cell("2"),
            covered + _cell("3") + _cell("4"),
        ]
        body = "".join(f"<table:table-row>{each}</table:table-row>" for each in rows)
        assert read(opendocument("text", f"<table:table>{body}</table:table>"), "a.odt").text == (
            "| Item | Spring | Summer |\n| --- | --- | --- |\n| Total |  | 9 |\n| North | 1 | 2 |\n| North | 3 | 4 |"
        )

    def test_numbered_lists(self, read: Read) -> None:
        """Items have the numbers that their style says, and lie in each other."""
        level = '<text:list-level-style-number text:level="{}" style:num-format="1" style:num-suffix="." {}/>'
        levels = level.format(1, "") + level.format(2, 'text:display-levels="2"')
        style = f'<text:list-style style:name="L">{levels}</text:list-style>'
        inner = "<text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list>"
        body = (
            '<text:list text:style-name="L"><text:list-item><text:p>one</text:p></text:list-item><text:list-item>'
            f"<text:p>two</text:p>{inner}</text:list-item></text:list>"
        )
        assert read(opendocument("text", body, style), "a.odt").text == "1. one\n2. two\n  2.1. inner"

    def test_headers_and_footers(self, read: Read) -> None:
        """The header comes first and the footer last; a page number alone is left out."""
        page = (
            "<style:master-page><style:header><text:p>Contract 7</text:p></style:header><style:footer><text:p>Page "
            "<text:page-number>1</text:page-number></text:p></style:footer></style:master-page>"
            "<style:master-page><style:footer><text:p>Port of May</text:p></style:footer></style:master-page>"
        )
        styles = (
            f"<office:document-styles {NAMESPACES}><office:master-styles>{page}</office:master-styles>"
            "</office:document-styles>"
        )
        data = opendocument("text", "<text:p>Body</text:p>", parts={"styles.xml": styles})
        assert read(data, "a.odt").text == "Contract 7\n\nBody\n\nPort of May"

    def test_text_boxes_and_charts(self, read: Read) -> None:
        """A box follows its paragraph; of a chart, the titles and the numbers are read."""
        chart = (
            f'<office:document-content {NAMESPACES} xmlns:chart="urn:oasis:names:tc:opendocument:xmlns:chart:1.0">'
            "<office:body><office:chart><chart:chart><chart:title><text:p>Water use</text:p></chart:title><table:table>"
            f"<table:table-row>{_cell('Depot')}{_cell('Use')}</table:table-row>"
            f"<table:table-row>{_cell('North')}{_cell('812')}</table:table-row></table:table></chart:chart>"
            "</office:chart></office:body></office:document-content>"
        )
        body = (
            '<text:p>Words<draw:frame><draw:object xlink:href="./Object 1"/><draw:image/></draw:frame>'
            "<draw:frame><draw:text-box><text:p>In a box</text:p></draw:text-box></draw:frame></text:p>"
        )
        text = read(opendocument("text", body, parts={"Object 1/content.xml": chart}), "a.odt")
        assert text.text == "Words\n\nWater use\n\n| Depot | Use |\n| --- | --- |\n| North | 812 |\n\nIn a box"
        assert not text.warnings


class TestSheets:
    def test_shown_values_comments_and_merged_cells(self, read: Read) -> None:
        """Cells are read as they are shown; a comment says at what."""
        percent = 'office:value-type="percentage" office:value="0.255"'
        note = "<office:annotation><text:p>Old.</text:p></office:annotation>"
        rows = (
            f"<table:table-row>{_cell('Part')}{_cell('Rate')}</table:table-row><table:table-row>"
            f"<table:table-cell>{note}<text:p>Hinge</text:p></table:table-cell>{_cell('25.5%', percent)}"
            "</table:table-row>"
        )
        body = f'<table:table table:name="Stock">{rows}</table:table>'
        shown = "## Stock\n\n| Part | Rate |\n| --- | --- |\n| Hinge | 25.5% |\n\nComment at Hinge: Old."
        assert read(opendocument("spreadsheet", body), "a.ods").text == shown

    def test_hidden_sheets(self, read: Read) -> None:
        """A hidden sheet is not read, and a warning says so."""
        style = (
            '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/>'
            "</style:style>"
        )
        row = "<table:table-row>{}</table:table-row>"
        body = (
            f'<table:table table:name="A">{row.format(_cell("seen"))}</table:table>'
            f'<table:table table:name="B" table:style-name="h">{row.format(_cell("unseen"))}</table:table>'
        )
        text = read(opendocument("spreadsheet", body, style), "a.ods")
        assert (text.text, text.sheets) == ("## A\n\n| seen |", ("A",))
        assert [each.code for each in text.warnings] == ["left_out"]
