"""The time that Office files take grows with their size only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ingest.formats.spreadsheets import row, workbook, zipped
from tests.ingest.formats.test_opendocument import opendocument
from tests.support.examples import examples
from tests.support.growth import STEP, grows_linearly
from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.extract import extract

_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_SLIDES = "http://schemas.openxmlformats.org/presentationml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def _word(body: str) -> bytes:
    document = f'<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
    return zipped({"[Content_Types].xml": _TYPES, "word/document.xml": document})


def _slide(shapes: str) -> bytes:
    slide = f'<p:sld xmlns:p="{_SLIDES}" xmlns:a="{_DRAWING}"><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>'
    relation = (
        f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="s" Type="{_OFFICE}/slide" Target="slides/slide1.xml"/>'
    )
    return zipped(
        {
            "[Content_Types].xml": _TYPES,
            "ppt/presentation.xml": f'<p:presentation xmlns:p="{_SLIDES}" xmlns:r="{_OFFICE}"><p:sldIdLst>'
            '<p:sldId id="256" r:id="s"/></p:sldIdLst></p:presentation>',
            "ppt/_rels/presentation.xml.rels": f"{relation}</Relationships>",
            "ppt/slides/slide1.xml": slide,
        }
    )


def _nested(opening: str, closing: str, n: int) -> str:
    return opening * n + closing * n


_TABLE_CELL = "<table:table-cell><text:p>x</text:p></table:table-cell>"
_FIELD = r"{\field{\*\fldinst HYPERLINK x}{\fldrslt w"
_GROWING: dict[str, tuple[str, int, Callable[[int], bytes]]] = {
    "paragraphs": ("a.docx", 5000, lambda n: _word("<w:p><w:r><w:t>word</w:t></w:r></w:p>" * n)),
    "runs": ("a.docx", 10_000, lambda n: _word(f"<w:p>{'<w:r><w:t>w</w:t></w:r>' * n}</w:p>")),
    "fields": (
        "a.docx",
        5000,
        lambda n: _word(
            "<w:p>" + '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:t>w</w:t></w:r>' * n + "</w:p>"
        ),
    ),
    "rows of a document": (
        "b.docx",
        3000,
        lambda n: _word(f"<w:tbl>{'<w:tr><w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc><w:tc/></w:tr>' * n}</w:tbl>"),
    ),
    "shapes": (
        "a.pptx",
        3000,
        lambda n: _slide("<p:sp><p:txBody><a:p><a:r><a:t>word</a:t></a:r></a:p></p:txBody></p:sp>" * n),
    ),
    "cells": ("a.xlsx", 3000, lambda n: workbook("".join(row(each, "x", 1.5, 2) for each in range(1, n)))),
    "merged cells": (
        "c.xlsx",
        2000,
        lambda n: workbook(
            "".join(row(each, "x", 1) for each in range(1, n)),
            after="<mergeCells>"
            + "".join(f'<mergeCell ref="A{each}:A{n}"/>' for each in range(1, n))
            + "</mergeCells>",
        ),
    ),
    "unclosed tags behind cells": (
        "d.xlsx",
        50_000,
        lambda n: workbook(row(1, "x"), after="<!--" + "<hyperlink " * n + "-->"),
    ),
    "paragraphs of odt": ("a.odt", 10_000, lambda n: opendocument("text", "<text:p>word<text:s/></text:p>" * n)),
    "rows of odt": (
        "b.odt",
        3000,
        lambda n: opendocument(
            "text", f"<table:table>{f'<table:table-row>{_TABLE_CELL * 2}</table:table-row>' * n}</table:table>"
        ),
    ),
    "rows of ods": (
        "a.ods",
        3000,
        lambda n: opendocument(
            "spreadsheet", f"<table:table>{f'<table:table-row>{_TABLE_CELL * 2}</table:table-row>' * n}</table:table>"
        ),
    ),
    "groups": ("a.rtf", 20_000, lambda n: (r"{\rtf1 x" + _nested("{", "}", n) + "}").encode()),
    "paragraphs of rtf": ("b.rtf", 10_000, lambda n: (r"{\rtf1 " + r"word \'e9\par " * n + "}").encode()),
    "notes in each other": (
        "c.rtf",
        5000,
        lambda n: (r"{\rtf1 x" + _nested(r"{\footnote word ", "}", n) + "}").encode(),
    ),
    "rows of rtf": (
        "d.rtf",
        3000,
        lambda n: (r"{\rtf1 " + r"\trowd\cellx9\cellx99 a\cell b\cell\row" * n + "}").encode(),
    ),
    "columns of rtf": (
        "e.rtf",
        1000,
        lambda n: (
            r"{\rtf1 " + "".join(rf"\trowd\cellx{99 * each}\intbl a\cell\row" for each in range(1, n)) + "}"
        ).encode(),
    ),
    "headers": (
        "f.rtf",
        5000,
        lambda n: (r"{\rtf1 x" + "".join(rf"{{\header h{each}}}" for each in range(n)) + "}").encode(),
    ),
    "fields of rtf": ("g.rtf", 3000, lambda n: (r"{\rtf1 x" + _nested(_FIELD, "}}", n) + "}").encode()),
    "backslashes": ("h.rtf", 50_000, lambda n: b"{\\rtf1 x" + b"\\'" * n),
}


@pytest.mark.random
@pytest.mark.parametrize("what", _GROWING)
@pytest.mark.long
def test_time_grows_with_the_size(what: str, tmp_path: Path) -> None:
    """Four times the input takes about four times as long."""
    name, all_of_it, made = _GROWING[what]
    n = examples(all_of_it)
    for size in (n, STEP * n):
        (tmp_path / str(size)).write_bytes(made(size))

    def read(size: int) -> None:
        with contextlib.suppress(Unreadable):
            extract(tmp_path / str(size), name)

    assert grows_linearly(read, n)
