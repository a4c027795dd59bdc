"""Where chunks are: pages, sheets, headings."""

from __future__ import annotations

from itertools import pairwise

from vectorlog.domain.location import Location, decoded
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Span, Text
from vectorlog.ingest.places import locations


def plain(*pages: str) -> Text:
    """A text of these pages; one without pages, if there is only one."""
    document = DocumentBuilder()
    for page in pages:
        if len(pages) > 1:
            document.page()
        document.plain(page)
    return document.build()


def of(text: Text, *parts: str) -> list[Location]:
    """The locations of these parts of a text."""
    starts = [text.text.index(part) for part in parts]
    return list(locations(text, [Span(at, at + len(part), 1) for at, part in zip(starts, parts, strict=True)]))


def test_headings() -> None:
    """A chunk has the titles over its first text that is no heading, outermost first; before any it has none."""
    document = DocumentBuilder()
    document.markdown("intro\n\n# Guide\n\n## Boilers\n\ndrain\n\n### Old\n\nrust\n\n## Pumps\n\noil\n\n# Annex\n")
    text = document.build()
    parts = (
        "intro",
        "# Guide\n\n## Boilers\n\ndrain",
        "drain",
        "rust",
        "rust\n\n## Pumps",
        "## Pumps\n\noil",
        "# Annex",
    )
    assert [each.headings for each in of(text, *parts)] == [
        (),
        ("Guide", "Boilers"),
        ("Guide", "Boilers"),
        ("Guide", "Boilers", "Old"),
        ("Guide", "Boilers", "Old"),
        ("Guide", "Pumps"),
        ("Annex",),
    ]


def test_pages() -> None:
    """A chunk has the first and last page that it touches, counted from 1, empty pages included."""
    text = plain("one", "", "three", "four")
    parts = ("one", "one\n\n\n\nthree", "three", "ree\n\nfo")
    assert [(each.first_page, each.last_page) for each in of(text, *parts)] == [(1, 1), (1, 3), (3, 3), (3, 4)]
    assert of(plain("no pages"), "pages")[0].first_page is None


def test_sheets() -> None:
    """A chunk has the name of the sheet on which it begins."""
    document = DocumentBuilder()
    for name, rows in (("Prices", "a | 1"), ("Müll", "b | 2")):
        document.page(sheet=name)
        document.markdown(rows)
    assert [each.sheet for each in of(document.build(), "a | 1", "1\n\nb", "b | 2")] == ["Prices", "Prices", "Müll"]


def test_the_short_form() -> None:
    """Every location can be read back from its short form, which is as short as it can be."""
    every = [
        Location(0, 5),
        Location(1, 5, 2, 3),
        Location(1, 5, 2, 3, "Prices"),
        Location(1, 5, None, None, None, ("A", "B")),
        Location(1, 5, 2, 3, "Prices", ("A", "B")),
        Location(1, 5, 2, 3, None, (), "iv"),
    ]
    assert [decoded(each.code) for each in every] == every
    assert [len(each.code) for each in every] == [2, 4, 5, 6, 6, 7]
    assert decoded([1, 5, 0, 0, "", ["A"], "", "what a later version may add"]) == Location(1, 5, headings=("A",))


def test_no_chunk_is_forgotten() -> None:
    """There is a location for every chunk, in their order."""
    text = plain("word " * 1000)
    spans = [Span(start, end, 1) for start, end in pairwise(range(0, 5000, 100))]
    assert [(each.start, each.end) for each in locations(text, spans)] == [(span.start, span.end) for span in spans]
