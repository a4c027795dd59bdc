"""PDF: headings, paragraphs, tables, and what stands on each page."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from tests.support.growth import grows_linearly
from vectorlog.ingest.blocks import Kind
from vectorlog.ingest.document import Text
from vectorlog.ingest.extract import extract
from vectorlog.ingest.formats import pdf_boxes, pdf_lines, pdf_outline
from vectorlog.ingest.formats.pdf import read

Drawn = tuple[float, float, int, str]
"""Where a text begins, its size, and the text."""


def drawn(*pages: list[Drawn]) -> bytes:
    """Returns a PDF with these texts on its pages."""
    data = io.BytesIO()
    canvas = Canvas(data)
    for page in pages:
        for left, bottom, size, text in page:
            canvas.setFont("Helvetica", size)
            canvas.drawString(left, bottom, text)
        canvas.showPage()
    canvas.save()
    return data.getvalue()


def text_of(data: bytes, folder: Path) -> Text:
    path = folder / "blob"
    path.write_bytes(data)
    return read(path)


BODY: list[Drawn] = [
    (72, 700, 10, "Drain the boilers in May, before the pumps are switched off, and close the"),
    (72, 688, 10, "upper valve."),
    (72, 676, 10, "- Check the gauge."),
]


def test_headings_and_paragraphs(tmp_path: Path) -> None:
    """A heading has larger letters. Lines of a paragraph are joined, and items begin their own lines."""
    found = text_of(drawn([(72, 740, 20, "Handbook"), (72, 720, 14, "Draining"), *BODY]), tmp_path)
    assert [(each.level, each.title) for each in found.blocks.of(Kind.HEADING)] == [(1, "Handbook"), (2, "Draining")]
    assert found.title == "Handbook"
    assert found.text.split("\n\n")[2] == (
        "Drain the boilers in May, before the pumps are switched off, and close the upper valve.\n- Check the gauge."
    )


def test_bookmarks(tmp_path: Path) -> None:
    """A line that a bookmark of its page names is a heading of that level, whatever its size; larger lines that none
    names go with these.
    """
    data = io.BytesIO()
    canvas = Canvas(data)
    bodies = [(left, bottom - 80, size, text) for left, bottom, size, text in BODY]
    for number, level in enumerate((0, 1, 1)):
        canvas.bookmarkPage(str(number))
        canvas.addOutlineEntry(f"Part {'ABC'[number]} of it", str(number), level)
        for left, bottom, size, text in [
            *([(72.0, 760.0, 24, "Handbook")] if not number else []),
            (72.0, 700.0, 10 if level else 14, f"{number + 1}.2 Part {'ABC'[number]} of it"),
            (72.0, 660.0, 13, f"Larger {number}"),
            *bodies,
        ]:
            canvas.setFont("Helvetica", size)
            canvas.drawString(left, bottom, text)
        canvas.showPage()
    canvas.save()
    found = [(each.level, each.title) for each in text_of(data.getvalue(), tmp_path).blocks.of(Kind.HEADING)]
    assert found == [
        (1, "Handbook"),
        (1, "1.2 Part A of it"),
        (3, "Larger 0"),
        (2, "2.2 Part B of it"),
        (3, "Larger 1"),
        (2, "3.2 Part C of it"),
        (3, "Larger 2"),
    ]


def test_the_time_grows_with_the_bookmarks_of_a_page_only() -> None:
    """Lines are not compared with each of their page's bookmarks."""

    def named(size: int) -> None:
        page = [pdf_lines.Line(f"{number} words of line {number}", 0, 0, 0, 10) for number in range(size)]
        titles = {f"bookmark{number}": 1 for number in range(size)} | {"wordsofline7": 2}
        assert pdf_outline.levels([page], {0: titles}) == {id(page[7]): 2}

    assert grows_linearly(named, 1_000)


@pytest.mark.parametrize("mixed", [True, False])
def test_columns(tmp_path: Path, mixed: bool) -> None:
    """Two columns of prose are read one after the other, whether the file has them so or line by line; a line across
    both stays between what is above and below it.
    """
    left = [f"left {number} has the words of the first column" for number in range(24)]
    right = [f"right {number} has those of the second column" for number in range(24)]
    pairs: list[Drawn] = []
    for half in (range(12), range(12, 24)):
        one: list[Drawn] = [(60, 720 - 12 * number - (24 if number > 11 else 0), 9, left[number]) for number in half]
        two: list[Drawn] = [
            (310, bottom, 9, right[number]) for number, (_, bottom, _, _) in zip(half, one, strict=True)
        ]
        pairs += [each for both in zip(one, two, strict=True) for each in both] if mixed else [*one, *two]
        if half.start == 0:
            pairs.append(
                (
                    60,
                    720 - 12 * 12 - 12,
                    9,
                    "across both columns of this page there is a single long line of text, like this one",
                )
            )
    text = " ".join(text_of(drawn(pairs), tmp_path).text.split())
    order = [*left[:12], *right[:12], "across", *left[12:], *right[12:]]
    places = [text.index(each) for each in order]
    assert places == sorted(places)


def test_a_wide_table_is_no_columns(tmp_path: Path) -> None:
    """Rows of a table stay rows, also if it fills the page."""
    rows: list[Drawn] = []
    for number in range(20):
        rows += [(60, 720 - 14 * number, 10, f"Valve {number}"), (350, 720 - 14 * number, 10, f"{number}.50 EUR")]
    assert "| Valve 7 | 7.50 EUR |" in text_of(drawn(rows), tmp_path).text


def test_mathematical_letters(tmp_path: Path) -> None:
    """Letters above U+FFFF do not keep a page from having paragraphs."""
    assert pdf_lines._composed(pdf_lines._units("a 𝑉 b")) == "a 𝑉 b"
    assert len(pdf_lines._units("a 𝑉 b")) == 6


def test_words_that_a_line_cuts(tmp_path: Path) -> None:
    """A word that the end of a line cuts is joined; one that is written with a hyphen keeps it."""
    page: list[Drawn] = [
        (72, 700, 10, "The long lines of this paragraph are full of words, and they have infor-"),
        (72, 688, 10, "mation about boilers that are well known, and some that is less well-"),
        (72, 676, 10, "known to the reader of it, who is drained like them in the month of May."),
    ]
    text = " ".join(text_of(drawn(page), tmp_path).text.split())
    assert "have information about" in text
    assert "less well-known to" in text


def test_words_that_a_line_of_a_mixed_column_cuts(tmp_path: Path) -> None:
    """The document's other words decide too where PDFium does not see that a line goes on in the one below it."""
    left = [f"left {number} has the words of the first column" for number in range(24)]
    left[3:6] = [
        "the boilers of this column are also well-",
        "known to its readers, and all the infor-",
        "mation of it",
    ]
    left[9] = "well-known readers drain the first column"
    page: list[Drawn] = []
    for number in range(24):
        page.append((60, 720 - 12 * number, 9, left[number]))
        page.append((310, 720 - 12 * number, 9, f"right {number} has those of the second column"))
    text = " ".join(text_of(drawn(page), tmp_path).text.split())
    assert "are also well-known to its readers, and all the information of it" in text


def test_tables(tmp_path: Path) -> None:
    """Lines with as many cells each are the rows of a table."""
    rows = [("Part", "Price"), ("Valve", "12"), ("Long pipe", "13")]
    page = [*BODY]
    for number, (part, price) in enumerate(rows):
        page += [(72, 640 - 14 * number, 10, part), (300, 640 - 14 * number, 10, price)]
    found = text_of(drawn(page), tmp_path)
    (table,) = found.tables
    assert found.text[table.start : table.end].splitlines() == [
        "| Part | Price |",
        "| --- | --- |",
        "| Valve | 12 |",
        "| Long pipe | 13 |",
    ]


def test_headers_and_footers(tmp_path: Path) -> None:
    """What stands at the top or bottom of most pages is read once; a number that is not the page's makes a new line."""
    pages: list[list[Drawn]] = [
        [
            (72, 800, 10, "Boilers Ltd."),
            (72, 780, 10, f"Invoice {7 * number * number}"),
            *((left, bottom, size, f"{text} {number}") for left, bottom, size, text in BODY),
            (72, 40, 10, "Phone 555 1234"),
            (72, 20, 10, f"Page {number} of 5"),
        ]
        for number in range(1, 6)
    ]
    text = text_of(drawn(*pages), tmp_path).text
    assert text.count("Boilers Ltd.") == text.count("Phone 555") == text.count("of 5") == 1
    assert all(f"Invoice {7 * number * number}" in text for number in range(1, 6))


def test_prose_is_measured_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What reading a PDF costs beside its text layer is calls of PDFium: fewer than one for each word of prose."""
    calls: Counter[str] = Counter()
    plain = pdf_boxes._plain

    def counted(name: str, *arguments: Any) -> Callable[..., int]:
        function = plain(name, *arguments)

        def call(*values: Any) -> int:
            calls[name] += 1
            return function(*values)

        return call

    monkeypatch.setattr(pdf_boxes, "_plain", counted)
    prose = [
        (72.0, 700.0 - 12 * line, 10, "Drain the boilers in May, before pumps are off, and close it")
        for line in range(50)
    ]
    text_of(drawn(prose), tmp_path)
    assert 50 < calls.total() < 50 * 12


WORDS = st.text("abcXYZ019.,-| ", min_size=1, max_size=40).filter(str.strip)
PAGES = st.lists(
    st.tuples(st.integers(20, 500), st.integers(20, 800), st.sampled_from([6, 10, 10, 14, 20, 30]), WORDS), max_size=25
)


@settings(max_examples=60, deadline=None)
@given(page=PAGES)
def test_no_word_is_lost(page: list[Drawn], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever stands wherever on a page, its words are those that PDFium finds, in the same number."""
    data = drawn([(72, 820, 10, "Begin."), *page])
    with pypdfium2.PdfDocument(data) as document:
        plain = document[0].get_textpage().get_text_range()
    found = text_of(data, tmp_path_factory.mktemp("pdf")).text
    assert _words(found) == _words(plain)


def _words(text: str) -> Counter[str]:
    """Characters of words, because PDFium hyphenates, and tables add signs."""
    return Counter("".join(char for char in text if char.isalnum() or char in ".,"))


def test_the_time_grows_with_the_pages_only(tmp_path: Path) -> None:
    """A long page, and many pages, are read in linear time."""
    assert grows_linearly(
        lambda size: text_of(drawn([(72 + at % 7 * 60, 800 - at, 10, "word word") for at in range(size)]), tmp_path),
        200,
    )
    assert grows_linearly(lambda size: text_of(drawn(*[BODY] * size), tmp_path), 20)


def test_columns_that_stand_close(tmp_path: Path) -> None:
    """A table keeps its columns, also if little more than a space is between them."""
    rows = [("Item", "Qty", "Price"), ("Long item name that is here", "2", "1,200.00"), ("Short", "10", "9.50")]
    table: list[Drawn] = [
        (left, 700 - 18 * number, 10, cell)
        for number, row in enumerate(rows)
        for left, cell in zip((72, 206, 234), row, strict=True)
    ]
    assert (
        "| Long item name that is here | 2 | 1,200.00 |\n| Short | 10 | 9.50 |" in text_of(drawn(table), tmp_path).text
    )


def test_a_list_is_no_table(tmp_path: Path) -> None:
    """Numbers before items are no column."""
    items: list[Drawn] = [
        each
        for number in range(1, 5)
        for each in ((72, 700 - 18 * number, 10, f"{number}."), (92, 700 - 18 * number, 10, f"Item number {number}"))
    ]
    assert "|" not in text_of(drawn(items), tmp_path).text


@pytest.mark.parametrize("before", [b"\n\n<html>junk", b"HTTP/1.1 200 OK\r\n\r\n", b"\x01\x02 junk"])
def test_what_stands_before_a_pdf(before: bytes, tmp_path: Path) -> None:
    """Readers accept a PDF that begins in the first kilobyte; its source is never taken for its text."""
    path = tmp_path / "blob"
    path.write_bytes(before + drawn([(72, 700, 10, "Drain the boilers")]))
    assert extract(path, "a.pdf").text == "Drain the boilers"
