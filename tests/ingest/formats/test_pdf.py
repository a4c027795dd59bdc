"""PDF: what a person sees in their own program is read, and what is not there is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.ingest.formats.pdfs import objects, pdf, stream
from vectorlog.ingest.document import Text, Unreadable

Read = Callable[[bytes, str], Text]
_WAIT = (
    "Please wait... ",
    "If this message is not eventually replaced with the proper contents of the document, your PDF",
    "viewer may not be able to display this type of document.",
)


def _field(name: bytes, value: bytes, more: bytes = b"/FT/Tx") -> bytes:
    return (
        b"<</Type/Annot/Subtype/Widget/Rect[60 600 400 640]/F 4/T(" + name + b")/V" + value + more + b"/DA(/F1 11 Tf)>>"
    )


def test_forms(read: Read) -> None:
    """The values that were filled into a form are read, with the fields' names; an unchecked box is not."""
    fields = [
        _field(b"applicant", b"(Harbour Tools)"),
        _field(b"size", b"(large)", b"/FT/Ch/Ff 131072/Opt[(small)(large)]/TU(Size of the crate)"),
        _field(b"insured", b"/Yes", b"/FT/Btn/AS/Yes/AP<</N<</Yes 10 0 R/Off 10 0 R>>>>"),
        _field(b"fragile", b"/Off", b"/FT/Btn/AS/Off/AP<</N<</Yes 10 0 R/Off 10 0 R>>>>"),
    ]
    form = b"/AcroForm<</Fields[6 0 R 7 0 R 8 0 R 9 0 R]/DA(/F1 11 Tf)/DR<</Font<</F1 5 0 R>>>>>>"
    empty = stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    text = read(pdf(["Application"], annotations=fields, catalog=form, more=[empty]), "a.pdf").text
    assert text.split("\n\n") == ["Application", "applicant: Harbour Tools", "Size of the crate: large", "insured: Yes"]


def test_comments(read: Read) -> None:
    """Comments are read, each once, with their author; what pops up repeats them."""
    notes = [
        b"<</Type/Annot/Subtype/FreeText/Rect[60 600 400 640]/F 4/DA(/F1 11 Tf)/Contents(Replace valve 9)/T(Ann)>>",
        b"<</Type/Annot/Subtype/Popup/Rect[60 600 400 640]/Contents(Replace valve 9)>>",
        b"<</Type/Annot/Subtype/Highlight/Rect[60 500 400 540]/Contents(Which one?)>>",
    ]
    text = read(pdf(["Valve report"], annotations=notes), "a.pdf").text
    assert text.split("\n\n") == ["Valve report", "Comment: Ann: Replace valve 9", "Comment: Which one?"]


def test_attachments(read: Read) -> None:
    """Files in a PDF are read by their own readers; also those of a portfolio, whose page says nothing."""
    files = [
        b"<</Type/Filespec/F(note.txt)/UF(note.txt)/EF<</F 7 0 R>>>>",
        stream(b"The lamp burns oil.", b"/Type/EmbeddedFile"),
    ]
    catalog = b"/Names<</EmbeddedFiles<</Names[(note.txt) 6 0 R]>>>>"
    text = read(pdf(["Cover"], catalog=catalog, more=files), "a.pdf").text
    assert text == "Cover\n\n# Attachment: note.txt\n\nThe lamp burns oil."
    cover = ["For the best experience, open this PDF portfolio in", "Acrobat X or Adobe Reader X, or later."]
    text = read(pdf(cover, catalog=catalog + b"/Collection<<>>", more=files), "a.pdf").text
    assert text.strip() == "# Attachment: note.txt\n\nThe lamp burns oil."


@pytest.mark.parametrize("split", [False, True])
def test_forms_of_livecycle(read: Read, split: bool) -> None:
    """What was filled into a form of LiveCycle is read with its captions; the page that says to wait is not."""
    template = (
        b'<template xmlns="http://www.xfa.org/schema/xfa-template/2.8/"><subform><draw><value><text>Grant application'
        b'</text></value></draw><field name="who"><caption><value><text>Applicant:</text></value></caption></field>'
        b"</subform></template>"
    )
    data = (
        b'<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form><who>Lantern Works</who>'
        b"<amount>2342</amount></form></xfa:data></xfa:datasets>"
    )
    begin, end = b'<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/">', b"</xdp:xdp>"
    if split:
        names = b"[(preamble) 6 0 R(template) 7 0 R(datasets) 8 0 R(postamble) 9 0 R]"
        more = [stream(each) for each in (begin, template, data, end)]
    else:
        names, more = b"6 0 R", [stream(b"<?xml version='1.0'?>" + begin + template + data + end)]
    made = pdf(_WAIT, catalog=b"/NeedsRendering true/AcroForm<</Fields[]/XFA " + names + b">>", more=more)
    text = read(made, "a.pdf").text.strip()
    assert text.split("\n\n") == ["Grant application", "Applicant: Lantern Works", "amount: 2342"]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (_WAIT, "XFA"),
        (
            ["For the best experience, open this PDF portfolio in", "Acrobat X or Adobe Reader X, or later."],
            "portfolio",
        ),
        (["This PDF file is protected by rights management.", "Get a compatible viewer."], "rights management"),
    ],
)
def test_placeholders(read: Read, lines: list[str], says: str) -> None:
    """A page that stands for something else is not the document: the file fails, with the reason."""
    with pytest.raises(Unreadable, match=says):
        read(pdf(lines), "a.pdf")


def test_a_text_about_placeholders(read: Read) -> None:
    """A long text that quotes such a page is a text."""
    assert "Please wait" in read(pdf([*_WAIT, *["All of them are explained here at length."] * 100]), "a.pdf").text


def test_pages_that_are_images(read: Read) -> None:
    """Scanned pages inside a text are counted and named; blank pages are not."""
    image = stream(b"\0", b"/Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8")
    resources = b"<</Font<</F1 9 0 R>>/XObject<</I 10 0 R>>>>"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources" + resources + b">>"
    data = objects(
        [
            b"<</Type/Catalog/Pages 2 0 R/PageLabels<</Nums[0<</S/r>>1<</S/D>>]>>>>",
            b"<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3>>",
            *(page % number for number in (6, 7, 8)),
            stream(b"BT /F1 11 Tf 72 700 Td (First) Tj ET"),
            stream(b"q 500 0 0 700 0 0 cm /I Do Q"),
            stream(b""),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            image,
        ]
    )
    text = read(data, "a.pdf")
    assert text.labels == ("i", "1", "2")
    [warning] = text.warnings
    assert (warning.code, warning.where) == ("pages_without_text", "page 2")
    assert "1 of the PDF's 3 pages" in warning.message
