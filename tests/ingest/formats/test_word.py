"""Word documents are read with what stands in other parts of the package."""

from __future__ import annotations

from collections.abc import Callable

from tests.ingest.formats.spreadsheets import zipped
from vectorlog.ingest.document import Text

Read = Callable[[bytes, str], Text]

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def document(body: str, chunks: dict[str, str | bytes]) -> bytes:
    """A docx file; `chunks` are parts that the body names as `r0`, `r1` and so on."""
    related = "".join(
        f'<Relationship Id="r{place}" Type="{_OFFICE}/aFChunk" Target="{name}"/>' for place, name in enumerate(chunks)
    )
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="d" '
            f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{_WORD}" xmlns:r="{_OFFICE}"><w:body>{body}</w:body>'
            "</w:document>",
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}'
            "</Relationships>",
            **{f"word/{name}": part for name, part in chunks.items()},
        }
    )


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def test_embedded_documents(read: Read) -> None:
    """Documents that Word shows as a piece of the text (`altChunk`) are read where they stand, each as its kind."""
    inner = document(paragraph("from Word"), {})
    body = paragraph("before") + "".join(
        f'<w:altChunk r:id="r{place}"/>' + paragraph(f"after {place}") for place in range(4)
    )
    chunks: dict[str, str | bytes] = {
        "a.htm": "<html><body><h2>Terms</h2><p>from <i>HTML</i></p></body></html>",
        "b.rtf": r"{\rtf1\ansi from RTF\par}",
        "c.docx": inner,
        "d.txt": "from text",
    }
    text = read(document(body, chunks), "a.docx").text
    wanted = [
        "before",
        "Terms",
        "HTML",
        "after 0",
        "from RTF",
        "after 1",
        "from Word",
        "after 2",
        "from text",
        "after 3",
    ]
    places = [text.index(each) for each in wanted]
    assert places == sorted(places)
    assert not {"<p>", "rtf1"} & set(text.split())


def test_a_missing_piece(read: Read) -> None:
    """A piece that is not in the file leaves the rest readable."""
    assert read(document(paragraph("kept") + '<w:altChunk r:id="r9"/>', {}), "a.docx").text == "kept"


def test_pieces_within_pieces(read: Read) -> None:
    """A document that lies too deep inside others is not read, and the file says so."""
    data = document(paragraph("deepest"), {})
    for depth in range(12):
        data = document(paragraph(f"level {depth}") + '<w:altChunk r:id="r0"/>', {"a.docx": data})
    found = read(data, "a.docx")
    assert "level 11" in found.text
    assert "deepest" not in found.text
    assert [each.code for each in found.warnings] == ["left_out"]
