"""Extraction: text is read from every format, and a file that cannot be read fails with a reason."""

from __future__ import annotations

import io
import json
import random
import time
import zipfile
import zlib
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import docx
import pptx
import pytest
from docx.document import Document as Word
from reportlab.lib.pdfencrypt import StandardEncryption  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from tests.ingest.office_files import ole_file
from vectorlog.ingest.blocks import Block, Kind
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.extract import extract
from vectorlog.ingest.formats import container

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504
_SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ODF = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in [
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
    ]
)


Read = Callable[[bytes, str], Text]


def _text_or_refusal(read: Read, data: bytes, name: str) -> str:
    """The text, or the sentence of Unreadable; any other exception fails the test."""
    try:
        return read(data, name).text
    except Unreadable as refusal:
        return str(refusal)


def _zip(parts: dict[str, bytes | str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def _changed(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    return _zip({**parts, part: change(archive_part)} if isinstance(archive_part := parts[part], bytes) else parts)


def _pdf(*pages: str, encrypt: StandardEncryption | None = None) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=encrypt)
    for page in pages:
        for number, line in enumerate(page.splitlines()):
            canvas.drawString(72, 720 - 14 * number, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _word(*paragraphs: str) -> bytes:
    document = docx.Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    return _saved(document)


def _saved(document: Word) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _workbook(*sheets: str, state: str = "visible") -> bytes:
    """A workbook of rows in SpreadsheetML."""
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="Sheet {n}" sheetId="{n}" r:id="r{n}" {f"state={state!r}" if n > 1 else ""}/>' for n in numbers
    )
    relations = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    return _zip(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": _relations(
                f'<Relationship Id="a" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
            ),
            "xl/workbook.xml": f'<workbook xmlns="{_SHEET}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": _relations(relations),
            **{
                f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{_SHEET}"><sheetData>{rows}</sheetData></worksheet>'
                for n, rows in zip(numbers, sheets, strict=True)
            },
        }
    )


def _relations(relations: str) -> str:
    return f'<Relationships xmlns="{_RELATIONS}">{relations}</Relationships>'


def _cell(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def _opendocument(kind: str, body: str) -> bytes:
    content = f"<office:document-content {_ODF}><office:body>{body}</office:body></office:document-content>"
    return _zip(
        {
            "mimetype": f"application/vnd.oasis.opendocument.{kind}",
            "content.xml": content,
            "META-INF/manifest.xml": "<manifest/>",
        }
    )


class TestText:
    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
    )
    def test_unicode_in_any_form(self, encoding: str, read: Read) -> None:
        """UTF-8, 16 and 32 are read with or without a byte-order mark, in either byte order."""
        text = "Füße, naïve café, 日本語, 👩‍👩‍👧.\nSecond line of words.\n" * 5
        assert read(text.encode(encoding), "a.txt").text == text

    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("cp1252", "Der Müller sagt: “Schöne Grüße aus Köln”, und geht über die Straße nach Hause. "),
            ("latin-1", "L'été dernier, nous avons mangé des crêpes à la crème près de la forêt. "),
            ("cp1251", "Съешь же ещё этих мягких французских булок, да выпей чаю. "),
            ("koi8-r", "Съешь же ещё этих мягких французских булок, да выпей чаю. "),
            ("gb18030", "这是一个用于测试的中文句子，里面有很多常用的汉字和标点符号。"),
            ("big5", "這是一個用於測試的中文句子，裡面有很多常用的漢字和標點符號。"),
            ("shift_jis", "これは日本語の文章です。文字コードを正しく判定できるかどうかを確認します。"),
            ("euc-jp", "これは日本語の文章です。文字コードを正しく判定できるかどうかを確認します。"),
            ("euc-kr", "이것은 한국어 문장입니다. 문자 인코딩을 올바르게 판별하는지 확인합니다."),
        ],
    )
    @pytest.mark.long
    def test_legacy_encodings_are_recognised(self, encoding: str, text: str, read: Read) -> None:
        """Texts in older encodings are read correctly, even if their first 100 KB are plain ASCII."""
        for whole in (text * 4, "Plain words only. " * 6000 + text * 4):
            assert read(whole.encode(encoding), "a.txt").text == whole

    def test_a_short_western_word(self, read: Read) -> None:
        """Four bytes are enough to recognize the usual western encoding."""
        assert read("café".encode("cp1252"), "a.txt").text == "café"

    def test_damaged_utf8_stays_utf8(self, read: Read) -> None:
        """A log cut inside a character loses that character, and no other."""
        data = ("Größe und Maß. " * 100).encode()
        assert read(data[:-3] + "ß".encode()[:1], "a.log").text.startswith("Größe und Maß. ")

    @pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.py", "a.yaml", "a.xml", "noextension", "a.unknown"])
    def test_any_text_is_read_as_it_is(self, name: str, read: Read) -> None:
        """Whatever its name, a text is kept unchanged, also if it is not what its name says."""
        text = '# Title\n\n{"a": [1, 2]}, "b;c"\n\tindented <b>&amp;</b>\n'
        assert read(text.encode(), name).text == text

    def test_markdown_is_read_as_it_is(self, read: Read) -> None:
        """Markdown is kept unchanged too, and has headings."""
        text = "# Title\n\n{ a }  \n\tindented <b>&amp;</b>\n"
        found = read(text.encode(), "a.md")
        assert (found.text, found.blocks[0]) == (text, Block(Kind.HEADING, 0, 7, 1, "Title"))

    def test_characters_that_would_break_things_are_gone(self, read: Read) -> None:
        """Lines end with a line feed alone, and no NUL, byte-order mark or half character is left."""
        text = read(b"one\r\ntwo\rthree\0 \xef\xbb\xbffour" + b" words" * 50, "a.txt").text
        assert text.startswith("one\ntwo\nthree four")
        assert (
            "\ud800"
            not in read(b'{"a": "' + "\ud800".encode("utf-8", "surrogatepass") + b'"}' + b" " * 200, "a.json").text
        )

    def test_xml_is_not_parsed(self, read: Read) -> None:
        """Entities in XML stay as they are: nothing is fetched, nothing grows. Its declared encoding is used."""
        bomb = (
            '<?xml version="1.0" encoding="iso-8859-5"?><!DOCTYPE x [<!ENTITY a SYSTEM '
            '"file:///etc/passwd">]><x>Привет &a;</x>'
        )
        assert read(bomb.encode("iso-8859-5"), "a.xml").text == bomb


class TestFormats:
    def test_html(self, read: Read) -> None:
        """Title, headings, lists, tables, links and code stay; scripts, styles and navigation go."""
        html = (
            "<html><head><meta charset='windows-1251'><title>Заголовок &amp; co</title><style>p {}</style></head>"
            "<body><nav>Menu</nav><h1>Первый</h1><p>See <a href='http://x.org/a'>this</a>.</p><ul><li>one</li></ul>"
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
            "<pre><code>x = 1\n  y</code></pre><script>evil()</script><img "
            "src='data:image/png;base64,AAAA'></body></html>"
        )
        text = read(html.encode("cp1251"), "a.html").text
        for part in ("Заголовок & co", "# Первый", "[this](http://x.org/a)", "- one", "| a | b |", "x = 1\n  y"):
            assert part in text
        for part in ("evil", "Menu", "p {}", "base64"):
            assert part not in text
        assert read(html.encode("cp1251"), "saved").text == text

    def test_pdf_pages(self, read: Read) -> None:
        """The text of each page, with the offsets where pages begin, even if only the owner's password is set."""
        for encrypt in (None, StandardEncryption("", "owner")):
            text = read(_pdf("First page\nsecond line", "", "Third page", encrypt=encrypt), "a.pdf")
            assert text.text == "First page\nsecond line\n\n\n\nThird page"
            assert [text.text[start : start + 5] for start in text.pages] == ["First", "\n\nThi", "Third"]

    def test_a_pdf_is_known_by_its_content(self, read: Read) -> None:
        """A wrong extension does not matter."""
        assert read(_pdf("Some words"), "notes.txt").text == "Some words"

    def test_docx(self, read: Read) -> None:
        """Headings, lists, tables (nested ones too) and links, in their order."""
        document = docx.Document()
        document.add_heading("Report", 0)
        document.add_heading("Part", 2)
        document.add_paragraph("First\tcolumn")
        document.add_paragraph("item one", style="List Bullet")
        document.add_paragraph("item two", style="List Number")
        table = document.add_table(rows=2, cols=2)
        for cell, value in zip(
            (cell for row in table.rows for cell in row.cells), ("a", "b|c", "1\n2", ""), strict=True
        ):
            cell.text = value
        table.rows[1].cells[1].add_table(rows=1, cols=1).rows[0].cells[0].text = "inner"
        document.add_paragraph("after")
        text = read(_saved(document), "a.docx").text
        assert text.startswith(
            "# Report\n\n## Part\n\nFirst\tcolumn\n\n- item one\n1. item two\n\n| a | b\\|c |\n| --- | --- |\n| 1 2 | "
        )
        assert text.count("inner") == 1
        assert text.endswith("after")

    def test_docx_beyond_plain_paragraphs(self, read: Read) -> None:
        """Content controls, insertions and text boxes are read; deletions and field codes are not; links keep their
        target.
        """
        extra = (
            b"<w:sdt><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>"
            b"<w:p><w:ins><w:r><w:t>inserted</w:t></w:r></w:ins><w:del><w:r><w:delText>deleted</w:delText></w:r></w:del>"
            b"<w:r><w:instrText>PAGEREF</w:instrText></w:r></w:p>"
            b"<w:p><w:r><w:t>anchor</w:t></w:r><w:r><w:pict><w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent></w:pict></w:r></w:p>"
        )
        document = docx.Document()
        paragraph = document.add_paragraph("see ")
        link = paragraph.part.relate_to("http://x.org", f"{_OFFICE}/hyperlink", is_external=True).encode()
        data = _changed(
            _saved(document),
            "word/document.xml",
            lambda xml: xml.replace(
                b"<w:sectPr",
                b'<w:p><w:hyperlink r:id="'
                + link
                + b'"><w:r><w:t>site</w:t></w:r></w:hyperlink></w:p>'
                + extra
                + b"<w:sectPr",
                1,
            ),
        )
        assert read(data, "a.docx").text == "see \n\n[site](http://x.org)\n\ncontrolled\n\ninserted\n\nanchor\n\nboxed"

    def test_pptx(self, read: Read) -> None:
        """A slide is a page: title, text, table, then the speaker's notes."""
        deck = pptx.Presentation()
        for number in (1, 2):
            slide = deck.slides.add_slide(deck.slide_layouts[1])
            assert slide.shapes.title is not None
            slide.shapes.title.text = f"Title {number}"
            slide.placeholders[1].text_frame.text = "point"
            group = slide.shapes.add_group_shape()
            group.shapes.add_textbox(0, 0, 100, 100).text_frame.text = "grouped"
            slide.shapes.add_table(1, 2, 0, 0, 100, 100).table.cell(0, 1).text = "cell"
            notes = slide.notes_slide.notes_text_frame
            assert notes is not None
            notes.text = f"say {number}"
        out = io.BytesIO()
        deck.save(out)
        text = read(out.getvalue(), "a.pptx")
        slide_text = "## Title {0}\n\n- point\n\ngrouped\n\n|  | cell |\n\nNotes: say {0}"
        assert text.text == f"{slide_text.format(1)}\n\n{slide_text.format(2)}"
        assert text.pages == (0, text.text.index("## Title 2"))

    def test_xlsx(self, read: Read) -> None:
        """A visible sheet with content is a page: its name and a table; whole numbers have no point."""
        head = f'<row r="1">{_cell("A1", "name")}{_cell("B1", "n")}</row>'
        rows = (
            head
            + f'<row r="2">{_cell("A2", "x|y")}<c r="B2"><v>3</v></c></row><row r="3"><c r="B3"><v>2.5</v></c></row>'
        )
        text = read(_workbook(rows, f'<row r="1">{_cell("A1", "z")}</row>'), "a.xlsx")
        assert (
            text.text == "## Sheet 1\n\n| name | n |\n| --- | --- |\n| x\\|y | 3 |\n|  | 2.5 |\n\n## Sheet 2\n\n| z |"
        )
        assert text.pages == (0, text.text.index("## Sheet 2"))
        assert text.sheets == ("Sheet 1", "Sheet 2")
        assert (
            "Sheet 2"
            not in read(_workbook(rows, f'<row r="1">{_cell("A1", "z")}</row>', state="hidden"), "a.xlsx").text
        )

    def test_ods(self, read: Read) -> None:
        """An OpenDocument sheet, with the million empty cells that its writers add at the edge."""
        body = (
            '<office:spreadsheet><table:table table:name="One"><table:table-row>'
            '<table:table-cell office:value-type="string"><text:p>left</text:p></table:table-cell>'
            '<table:table-cell table:number-columns-repeated="16383"/></table:table-row>'
            '<table:table-row table:number-rows-repeated="1048575">'
            "<table:table-cell "
            'table:number-columns-repeated="16384"/></table:table-row></table:table></office:spreadsheet>'
        )
        assert read(_opendocument("spreadsheet", body), "a.ods").text == "## One\n\n| left |"

    def test_odt(self, read: Read) -> None:
        """Headings, paragraphs, lists, tables and links of an OpenDocument text."""
        body = (
            '<office:text><text:h text:outline-level="2">Head</text:h><text:p>two<text:s text:c="2"/>spaces '
            '<text:a xmlns:xlink="http://www.w3.org/1999/xlink" '
            'xlink:href="http://x.org">link</text:a></text:p><text:list><text:list-item><text:p>item</text:p></text:list-item></text:list>'
            "<table:table><table:table-row><table:table-cell><text:p>cell</text:p></table:table-cell></table:table-row></table:table></office:text>"
        )
        assert (
            read(_opendocument("text", body), "a.odt").text
            == "## Head\n\ntwo  spaces [link](http://x.org)\n\n- item\n\n| cell |"
        )

    def test_odp(self, read: Read) -> None:
        """The slides of an OpenDocument presentation are pages, with their notes."""
        frame = "<draw:frame><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
        page = f"<draw:page>{frame}<presentation:notes>{frame.format('hint')}</presentation:notes></draw:page>"
        text = read(
            _opendocument(
                "presentation", f"<office:presentation>{page.format('one')}{page.format('two')}</office:presentation>"
            ),
            "a.odp",
        )
        assert (text.text, text.pages) == ("one\n\nNotes: hint\n\ntwo\n\nNotes: hint", (0, 18))

    def test_epub(self, read: Read) -> None:
        """A book's title and chapters, in reading order."""
        package = (
            '<package xmlns="http://www.idpf.org/2007/opf">'
            '<metadata><dc:title xmlns:dc="http://purl.org/dc/elements/1.1/">The Book</dc:title></metadata>'
            '<manifest><item id="b" href="b%20two.xhtml"/><item id="a" href="a.xhtml"/></manifest>'
            '<spine><itemref idref="a"/><itemref idref="b"/></spine></package>'
        )
        book = _zip(
            {
                "mimetype": "application/epub+zip",
                "META-INF/container.xml": (
                    '<c xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfile full-path="O/p.opf"/></c>'
                ),
                "O/p.opf": package,
                "O/a.xhtml": "<html><body><h1>Chapter one</h1><p>Ünicode</p></body></html>",
                "O/b two.xhtml": "<html><body><h1>Chapter two</h1></body></html>",
            }
        )
        assert read(book, "a.epub").text == "The Book\n\n# Chapter one\n\nÜnicode\n\n# Chapter two"

    def test_rtf(self, read: Read) -> None:
        """The text of RTF, with its escaped characters."""
        assert (
            read(rb"{\rtf1\ansi\ansicpg1252 Caf\'e9 \u8364? {\b bold}\par next}", "a.rtf").text.strip()
            == "Café € bold\n\nnext"
        )

    def test_mail(self, read: Read) -> None:
        """Subject, people, body and text attachments of a message; other attachments by name."""
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = "Grüße", "Ann <a@x.org>", "b@x.org"
        message.set_content("The plain body: é")
        message.add_alternative("<p>The other body</p>", subtype="html")
        message.add_attachment("a,b\n1,2\n", subtype="csv", filename="t.csv")
        message.add_attachment(b"\0\1", maintype="image", subtype="png", filename="i.png")
        text = read(bytes(message), "a.eml").text
        for part in (
            "Subject: Grüße",
            "From: Ann <a@x.org>",
            "The plain body: é",
            "Attachment: t.csv\n\na,b\n1,2",
            "Attachment: i.png",
        ):
            assert part in text
        assert "other body" not in text

    def test_mail_with_a_wrong_charset(self, read: Read) -> None:
        """A charset that does not exist or does not fit is ignored."""
        for charset in (b"no-such-charset", b"us-ascii"):
            mail = (
                b"Subject: x\nContent-Type: text/html; charset="
                + charset
                + b"\nContent-Transfer-Encoding: 8bit\n\n<p>gr\xc3\xb6\xc3\x9fer</p>\n"
            )
            assert "größer" in read(mail, "a.eml").text

    def test_notebook(self, read: Read) -> None:
        """Prose, code and text output of a notebook; no images."""
        cells = [
            {"cell_type": "markdown", "source": ["# Title\n", "words"]},
            {
                "cell_type": "code",
                "source": "1 + 1",
                "outputs": [{"data": {"text/plain": ["2"], "image/png": "AAAA"}}, {"name": "stdout", "text": "out\n"}],
            },
            {"cell_type": "code", "source": "", "outputs": []},
        ]
        notebook = json.dumps(
            {"cells": cells, "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}
        ).encode()
        assert read(notebook, "a.ipynb").text == "# Title\nwords\n\n```python\n1 + 1\n```\n\n2\n\nout\n"


def _bomb(target: str) -> bytes:
    """A docx whose document declares entities that double thirty times over, used in text or in an attribute."""
    entities = '<!ENTITY e0 "lol lol lol lol ">' + "".join(
        f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};">' for n in range(1, 31)
    )
    doctype = f"<!DOCTYPE d [{entities}]>".encode()
    use = (
        b"<w:p><w:r><w:t>&e30;</w:t></w:r></w:p>"
        if target == "text"
        else b'<w:p w:rsidR="&e30;"><w:r><w:t>x</w:t></w:r></w:p>'
    )

    def change(xml: bytes) -> bytes:
        declaration, _, rest = xml.partition(b"?>")
        return declaration + b"?>" + doctype + rest.replace(b"<w:sectPr", use + b"<w:sectPr", 1)

    return _changed(_word(), "word/document.xml", change)


def _flate_pdf() -> bytes:
    """A PDF whose page's content is cut short."""
    return _pdf("words " * 10)[:400]


_STORED = _zip({"a.txt": "text", "b.txt": "text"})
_NOISE = random.Random(3).randbytes(5000)


def _short(value: object) -> str:
    return value if isinstance(value, str) and value.isascii() else type(value).__name__


class TestUnreadable:
    @pytest.mark.parametrize(
        ("data", "name", "code", "says"),
        [
            (b"", "a.txt", "invalid_file", "empty"),
            (b" \r\n\t" * 5000, "a.md", "invalid_file", "empty"),
            (b"\xef\xbb\xbf\n", "a.txt", "invalid_file", "empty"),
            ("\u3000\u2028\xa0".encode() * 9, "a.txt", "invalid_file", "No text"),
            (b"\0" * 100_000, "a.pdf", "invalid_file", "empty"),
            (_NOISE, "a.txt", "invalid_file", "binary"),
            *((_NOISE[:size], "a.txt", "invalid_file", "binary") for size in (24, 32, 48, 64, 100, 1000)),
            (_NOISE[:64], "noise", "invalid_file", "binary"),
            (b"\xff\xfe\xfd\x00\x01" * 5, "a.txt", "invalid_file", "binary"),
            (b"\xde\xad\xbe\xef" * 8, "a.txt", "invalid_file", "binary"),
            (_NOISE, "a.bin", "unsupported_file", "binary"),
            (_NOISE, "a.docx", "invalid_file", "binary"),
            (bytes(range(256)) * 40, "a.csv", "invalid_file", "binary"),
            (b"%PDF-1.7\nnothing follows", "a.pdf", "invalid_file", "damaged"),
            (_flate_pdf(), "a.pdf", "invalid_file", "damaged"),
            (_pdf("secret", encrypt=StandardEncryption("user", "owner")), "a.pdf", "invalid_file", "password"),
            (_pdf("", ""), "scan.pdf", "invalid_file", "OCR"),
            (ole_file(EncryptedPackage=b"x"), "a.docx", "invalid_file", "password"),
            (ole_file(VisioDocument=b"x"), "a.vsd", "unsupported_file", "PDF"),
            (ole_file(WordDocument=b"x"), "a.doc", "invalid_file", "damaged"),
            (_OLE, "a.doc", "invalid_file", "damaged"),
            (_word("words " * 500)[:-200], "a.docx", "invalid_file", "damaged"),
            (_word(), "a.docx", "invalid_file", "No text"),
            (
                _zip({"[Content_Types].xml": "<Types/>", "word/document.xml": "<x/>"}),
                "a.docx",
                "invalid_file",
                "damaged",
            ),
            (
                _zip({"[Content_Types].xml": "<Types/>", "ppt/presentation.xml": "<x/>"}),
                "a.pptx",
                "invalid_file",
                "damaged",
            ),
            (_zip({"mimetype": "application/vnd.oasis.opendocument.text"}), "a.odt", "invalid_file", "damaged"),
            (_zip({"mimetype": "application/epub+zip"}), "a.epub", "invalid_file", "damaged"),
            (
                _zip(
                    {
                        "mimetype": "application/vnd.oasis.opendocument.text",
                        "META-INF/manifest.xml": "<encryption-data/>",
                    }
                ),
                "a.odt",
                "invalid_file",
                "password",
            ),
            (_zip({"a.png": b"\x89PNG\r\n\x1a\n"}), "a.zip", "invalid_file", "Unpack"),
            (
                _STORED.replace(b"\x14\0\0\0", b"\x14\0\1\0").replace(b"\x14\x03\x14\0\0\0", b"\x14\x03\x14\0\1\0"),
                "a.zip",
                "invalid_file",
                "password",
            ),
            (b"\x1f\x8b\x08" + zlib.compress(b"x"), "a.gz", "invalid_file", "Unpack"),
            (b"7z\xbc\xaf\x27\x1c" + _NOISE, "a.7z", "unsupported_file", "Unpack"),
            (b"\x89PNG\r\n\x1a\n" + _NOISE, "photo.txt", "unsupported_file", "OCR"),
            (b"\xff\xd8\xff\xe0" + _NOISE, "a.jpg", "unsupported_file", "OCR"),
            (b"\0\0\0\x20ftypisom" + _NOISE, "a.mp4", "unsupported_file", "transcript"),
            (b"\x7fELF" + _NOISE, "a.out", "unsupported_file", "program"),
            (b"[" * 100_000, "a.ipynb", "invalid_file", "No text"),
            (b"<html><body><script>x()</script></body></html>", "a.html", "invalid_file", "No text"),
            (b"{\\rtf1 }", "a.rtf", "invalid_file", "No text"),
        ],
        ids=_short,
    )
    @pytest.mark.long
    def test_says_why_and_what_to_do(self, data: bytes, name: str, code: str, says: str, read: Read) -> None:
        """Never an empty success, never another exception: one of the API's codes, the cause, and a remedy."""
        with pytest.raises(Unreadable, match=says) as raised:
            read(data, name)
        assert raised.value.code == code
        assert str(raised.value).count(". ") >= 1
        assert str(raised.value).endswith(".")

    def test_a_missing_file_is_not_the_files_fault(self, tmp_path: Path) -> None:
        """A path that does not exist is an error of the caller."""
        with pytest.raises(FileNotFoundError):
            extract(tmp_path / "none", "a.txt")

    def test_any_cut_or_changed_file_ends_in_text_or_unreadable(self, read: Read) -> None:
        """A file with any kind of damage is read as text or raises Unreadable, but no other exception."""
        dice = random.Random(5)
        row = f'<row r="1">{_cell("A1", "z")}</row>'
        originals = [
            (_pdf("some words " * 20), "a.pdf"),
            (_word("some words " * 50), "a.docx"),
            (_workbook(row), "a.xlsx"),
        ]
        for data, name in originals:
            for _ in range(25):
                damaged = bytearray(data[: dice.randint(len(data) // 2, len(data))] if dice.random() < 0.5 else data)
                for _ in range(dice.randint(0, 20)):
                    damaged[dice.randrange(len(damaged))] = dice.randrange(256)
                assert _text_or_refusal(read, bytes(damaged), name)


class TestBombs:
    @pytest.mark.parametrize("target", ["text", "attribute"])
    def test_entities_do_not_grow(self, target: str, read: Read) -> None:
        """A docx with entities that double thirty times is quickly refused, or read without them."""
        assert len(_text_or_refusal(read, _bomb(target), "a.docx")) < 1000

    def test_entities_from_outside_are_not_fetched(self, tmp_path: Path, read: Read) -> None:
        """A document cannot make the server read one of its own files."""
        secret = tmp_path / "secret"
        secret.write_text("the secret words")
        doctype = f'<!DOCTYPE d [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
        word = _changed(
            _word("before"),
            "word/document.xml",
            lambda xml: xml.replace(b"?>", b"?>" + doctype, 1).replace(b"before", b"before &x; after"),
        )
        odt = _changed(
            _opendocument("text", "<office:text><text:p>before &x; after</text:p></office:text>"),
            "content.xml",
            lambda xml: doctype + xml,
        )
        for data, name in ((word, "a.docx"), (odt, "a.odt")):
            assert "secret words" not in _text_or_refusal(read, data, name)

    def test_containers_that_grow_are_refused(self, read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
        """A container that unpacks to more than the limits is not unpacked."""
        data = _word("x" * 200_000)
        monkeypatch.setattr(container, "MOST_XML_BYTES", 100_000)
        odt = _opendocument("text", f"<office:text><text:p>{'x' * 200_000}</text:p></office:text>")
        for grown, name in ((data, "a.docx"), (odt, "a.odt")):
            with pytest.raises(Unreadable, match="Split"):
                read(grown, name)
        monkeypatch.setattr(container, "MOST_BYTES", 100_000)
        with pytest.raises(Unreadable, match="Split"):
            read(data, "a.docx")
        monkeypatch.setattr(container, "MOST_PARTS", 3)
        with pytest.raises(Unreadable, match="Split"):
            read(_zip({str(n): "" for n in range(4)}), "a.zip")

    def test_a_size_that_lies_gives_no_more_than_it_says(self, read: Read) -> None:
        """A part larger than its container says is damage."""
        data = _word("x" * 200_000)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = archive.getinfo("word/document.xml").file_size.to_bytes(4, "little")
        assert data.count(size) >= 1
        with pytest.raises(Unreadable, match="damaged"):
            read(data.replace(size, (1000).to_bytes(4, "little")), "a.docx")

    def test_far_cells(self, read: Read) -> None:
        """Two cells at opposite corners are a table of two columns, not one of 17 billion cells."""
        far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        text = read(_workbook(f'<row r="1">{_cell("A1", "x")}{_cell("B1", "y")}</row>{far}'), "a.xlsx").text
        assert text == "## Sheet 1\n\n| x | y |  |\n| --- | --- | --- |\n|  |  | 1 |"

    def test_repeated_ods(self, read: Read) -> None:
        """A value that is repeated over all cells of a sheet is read in part, with a warning."""
        cell = (
            '<table:table-cell office:value-type="string" '
            'table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell>'
        )
        row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
        body = f'<office:spreadsheet><table:table table:name="One">{row}</table:table></office:spreadsheet>'
        text = read(_opendocument("spreadsheet", body), "a.ods")
        assert {warning.code for warning in text.warnings} == {"truncated"}
        assert len(text.text) < 10_000_000

    def test_deep_html(self, read: Read) -> None:
        """HTML nested a hundred thousand levels deep is read as text or raises Unreadable."""
        assert _text_or_refusal(read, b"<html><body>" + b"<div>" * 100_000 + b"deep", "a.html")

    @pytest.mark.parametrize(
        "data",
        [
            b"<!-- note -->\n" * 250 + b"alpha",
            b"<!-- note -->\n" * 250 + b"<html>alpha</html>",
            b"<html>" + b"<title" * 200_000 + b">alpha",
        ],
    )
    def test_many_marks_before_the_text(self, read: Read, data: bytes) -> None:
        """Comments before a text, or titles that never end, take almost no time."""
        began = time.process_time()
        assert "alpha" in read(data, "a.md").text
        assert time.process_time() - began < 10
