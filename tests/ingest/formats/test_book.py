"""EPUB: chapters in reading order, under their titles."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.support.growth import grows_linearly
from vectorlog.ingest.document import Text
from vectorlog.ingest.extract import extract

Read = Callable[[bytes, str], Text]


def book(chapters: list[tuple[str, str]], *, contents: str = "", order: list[int] | None = None) -> bytes:
    """Returns a book with these files as chapters, in this order, and the links of its table of contents."""
    manifest = "".join(f'<item id="c{at}" href="{name}"/>' for at, (name, _) in enumerate(chapters))
    spine = "".join(f'<itemref idref="c{at}"/>' for at in order or range(len(chapters)))
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as parts:
        parts.writestr("mimetype", "application/epub+zip")
        parts.writestr("META-INF/container.xml", '<container><rootfile full-path="OEBPS/book.opf"/></container>')
        parts.writestr(
            "OEBPS/book.opf",
            f'<package><metadata><title>Harbour Tales</title></metadata><manifest><item id="n" href="nav.xhtml" '
            f'properties="nav"/>{manifest}</manifest><spine><itemref idref="n"/>{spine}</spine></package>',
        )
        parts.writestr("OEBPS/nav.xhtml", f"<html><body><nav>{contents}</nav></body></html>")
        for name, page in chapters:
            parts.writestr(
                f"OEBPS/{name}", f"<html><head><title>Harbour Tales</title></head><body>{page}</body></html>"
            )
    return data.getvalue()


def test_chapters(read: Read) -> None:
    """Chapters come in the spine's order, each once, under their own heading or the one of the contents."""
    chapters = [
        ("a.xhtml", "<p>The ferry left.</p><aside>1 At noon.</aside><p>Rain fell.</p>"),
        ("b c.xhtml", "<h1>Dawn</h1><p>The crane woke.</p>"),
    ]
    data = book(chapters, contents='<a href="a.xhtml#x">The  <b>Ferry</b></a>', order=[1, 0, 1])
    found = read(data, "book.epub")
    assert found.title == "Harbour Tales"
    assert found.text.split("\n\n") == [
        "Harbour Tales",
        "# Dawn",
        "The crane woke.",
        "## The Ferry",
        "The ferry left.",
        "Rain fell.",
        "1 At noon.",
    ]


def test_a_missing_chapter(read: Read) -> None:
    """A chapter that is not there is told."""
    found = read(
        book([("a.xhtml", "<p>Text</p>"), ("b.xhtml", "<p>More</p>")]).replace(b"OEBPS/a.xhtml", b"OEBPS/z.xhtml"),
        "book.epub",
    )
    assert [each.code for each in found.warnings] == ["damaged"]


def test_the_time_grows_with_the_chapters_only(tmp_path: Path) -> None:
    """Many chapters, and a chapter that is named often, are read in linear time."""
    path = tmp_path / "blob"

    def named_often(size: int) -> Text:
        path.write_bytes(book([("a.xhtml", "<p>Text</p>" * size)], order=[0] * size))
        return extract(path, "book.epub")

    def many(size: int) -> Text:
        path.write_bytes(book([(f"{at}.xhtml", "<p>Text</p>") for at in range(size)]))
        return extract(path, "book.epub")

    assert grows_linearly(named_often, 1_000)
    assert grows_linearly(many, 200)
