"""Documents under construction: the text that readers write, and the marks over it."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from vectorlog.domain.file_warning import FileWarning
from vectorlog.ingest.blocks import Kind
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text


def marked(text: Text) -> list[tuple[Kind, str]]:
    """The kind and characters of each block."""
    return [(each.kind, text.text[each.start : each.end]) for each in text.blocks]


def test_every_kind_of_block() -> None:
    """Blocks are written as Markdown, a blank line apart; items and rows follow each other."""
    doc = DocumentBuilder()
    doc.heading(2, "Heating\nand more")
    doc.paragraph("Drain the boilers.\r\nIn May.")
    doc.item("Close the valve.")
    doc.item("The left one.", level=1, mark="1.1.")
    doc.table([["Part", "Price"], ["Valve | large", "12.50\nEUR"]])
    doc.code("drain ```\n", language="sh")
    built = doc.build()
    assert marked(built) == [
        (Kind.HEADING, "## Heating and more"),
        (Kind.PARAGRAPH, "Drain the boilers.\nIn May."),
        (Kind.ITEM, "- Close the valve."),
        (Kind.ITEM, "  1.1. The left one."),
        (Kind.HEADER, "| Part | Price |\n| --- | --- |"),
        (Kind.ROW, "| Valve \\| large | 12.50 EUR |"),
        (Kind.CODE, "````sh\ndrain ```\n````"),
    ]
    assert built.text == (
        "## Heating and more\n\nDrain the boilers.\nIn May.\n\n- Close the valve.\n  1.1. The left one.\n\n"
        "| Part | Price |\n| --- | --- |\n| Valve \\| large | 12.50 EUR |\n\n````sh\ndrain ```\n````"
    )
    [table] = built.tables
    assert built.text[table.start : table.header] == "| Part | Price |\n| --- | --- |"
    assert built.text[table.header : table.end] == "\n| Valve \\| large | 12.50 EUR |"
    assert [(each.level, each.title) for each in built.blocks.of(Kind.HEADING)] == [(2, "Heating and more")]
    assert [each.level for each in built.blocks.of(Kind.ITEM)] == [0, 1]


def test_tables_end() -> None:
    """Another block, a page, another header or `end_table` ends a table; one without a header says so."""
    doc = DocumentBuilder()
    doc.table([["a", "1"]], header=0)
    doc.table([["h"], ["k"], ["b"]], header=2)
    doc.row("x;y", header=True)
    doc.row("1;2")
    doc.row("z", header=True)
    doc.paragraph("text")
    doc.row(["c"])
    doc.row(["", " "])
    doc.row(["d"])
    built = doc.build()
    assert [built.text[each.start : each.end] for each in built.tables] == [
        "| a | 1 |",
        "| h |\n| k |\n| --- |\n| b |",
        "x;y\n1;2",
        "z",
        "| c |\n| d |",
    ]
    assert [built.text[each.start : each.header] for each in built.tables] == [
        "",
        "| h |\n| k |\n| --- |",
        "x;y",
        "z",
        "",
    ]


def test_pages() -> None:
    """Pages begin where their first block does, have names and labels, and an empty one counts."""
    doc = DocumentBuilder()
    for sheet, label, text in (("Prices", "i", "one"), ("Müll", "ii", ""), ("Ende", "1", "three")):
        doc.page(sheet=sheet, label=label)
        doc.paragraph(text)
    built = doc.build()
    assert (built.text, built.pages) == ("one\n\n\n\nthree", (0, 5, 7))
    assert (built.sheets, built.labels) == (("Prices", "Müll", "Ende"), ("i", "ii", "1"))


def test_the_title() -> None:
    """A document's title is what its reader says, or else a first heading of level 1."""
    doc = DocumentBuilder()
    doc.markdown("text\n\n# Guide\n\n# Annex")
    assert doc.build().title == "Guide"
    doc.title = "  The\nguide "
    assert doc.build().title == "The guide"
    other = DocumentBuilder()
    other.heading(2, "Part")
    assert other.build().title == ""


def test_a_document_inside_a_document() -> None:
    """Blocks, tables, headings and warnings of an attachment have their place in the whole."""
    inner = DocumentBuilder()
    inner.page()
    inner.heading(1, "Offer")
    inner.table([["Part"], ["Valve"]])
    inner.warn("left_out", "A chart is left out.", "page 1")
    doc = DocumentBuilder(title="Re: offer")
    doc.paragraph("See below.")
    doc.part("offer.docx", inner.build())
    built = doc.build()
    assert marked(built)[1:] == [
        (Kind.HEADING, "# offer.docx"),
        (Kind.HEADING, "# Offer"),
        (Kind.HEADER, "| Part |\n| --- |"),
        (Kind.ROW, "| Valve |"),
    ]
    assert [each.level for each in built.blocks.of(Kind.HEADING)] == [1, 2]
    assert built.text[built.tables[0].start : built.tables[0].end] == "| Part |\n| --- |\n| Valve |"
    assert built.warnings == (FileWarning("left_out", "A chart is left out.", "offer.docx, page 1"),)
    assert built.pages == ()


def test_text_that_is_kept() -> None:
    """Markdown and plain text are written as they are; blocks are found in the one, and none in the other."""
    text = "  intro \n\n# A\n\nb\n"
    for_markdown, for_plain = DocumentBuilder(), DocumentBuilder()
    for_markdown.markdown(text)
    for_plain.plain(text)
    assert for_markdown.build().text == for_plain.build().text == text
    assert [kind for kind, _ in marked(for_markdown.build())] == [Kind.PARAGRAPH, Kind.HEADING, Kind.PARAGRAPH]
    assert not for_plain.build().blocks


TEXTS = st.text(alphabet=st.sampled_from("ab |\n\r#-`1.\ufeff\ud800 \u3000"), max_size=12)
CALLS = st.one_of(
    st.tuples(st.sampled_from(["paragraph", "markdown", "plain", "item", "code", "row"]), TEXTS),
    st.tuples(st.just("row"), st.lists(TEXTS, max_size=3)),
    st.tuples(st.just("header"), st.lists(TEXTS, max_size=3)),
    st.tuples(st.just("heading"), TEXTS),
    st.tuples(st.just("page"), st.just("")),
)


@given(st.lists(CALLS, max_size=12))
@example([("row", "\u3000")])
@example([("row", ["\u3000"]), ("row", ["a"])])
def test_marks_fit_the_text(calls: list[tuple[str, str | list[str]]]) -> None:
    """Whatever a reader writes, blocks are in order, not blank and not inside each other; tables begin and end with
    blocks.
    """
    doc = DocumentBuilder()
    for name, value in calls:
        match name:
            case "page":
                doc.page()
            case "heading":
                doc.heading(1, str(value))
            case "header":
                doc.row(value, header=True)
            case _:
                getattr(doc, name)(value)
    built = doc.build()
    end = 0
    for block in built.blocks:
        assert end <= block.start < block.end <= len(built.text)
        assert built.text[block.start : block.end].strip()
        end = block.end
    starts, ends = set(built.blocks.starts), set(built.blocks.ends)
    for table in built.tables:
        assert table.start in starts
        assert table.end in ends
        assert table.start <= table.header <= table.end
    assert list(built.pages) == sorted(built.pages)
