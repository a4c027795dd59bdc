"""Chunks that can be understood alone: what is shown before a passage, within the exact limit."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.support.examples import examples
from tests.support.growth import STEP, grows_linearly
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Span, Text
from vectorlog.ingest.formats import delimited
from vectorlog.ingest.lead_ins import SHARE, shortened
from vectorlog.ingest.split import split
from vectorlog.ingest.tokens import count

_random = random.Random(5)
_SENTENCE = "The boiler is drained in May, and again whenever the water turns brown or smells of iron. "


def checked(text: Text, max_tokens: int, overlap: int = 0) -> tuple[Span, ...]:
    """The chunks of a text, each whole within the limit, together covering all of it."""
    spans = split(text, max_tokens, overlap)
    covered = 0
    for span in spans:
        passage = text.text[span.start : span.end]
        assert count(passage) == span.tokens
        assert count(span.before + passage + span.after) <= max_tokens
        assert count(span.before) <= max_tokens * SHARE
        assert not span.before or span.before.endswith("\n")
        assert not text.text[covered : span.start].strip()
        assert span.end > covered
        covered = span.end
    assert not text.text[covered:].strip()
    return spans


def passages(text: Text, spans: tuple[Span, ...]) -> list[str]:
    return [text.text[span.start : span.end] for span in spans]


def handbook(sections: int = 6, sentences: int = 12) -> Text:
    document = DocumentBuilder()
    document.heading(1, "Handbook")
    for site in ("Northgate", "Westmere"):
        document.heading(2, site)
        for number in range(sections):
            document.heading(3, f"Rule {number}")
            document.paragraph(_SENTENCE * sentences)
    return document.build()


class TestHeadings:
    def test_those_that_do_not_stand_in_the_passage(self) -> None:
        """A chunk that begins with a heading is led in by those above it; one inside of a section by all of them."""
        text = handbook(sentences=9)
        spans = checked(text, 200)
        assert spans[0].before == ""
        for span, passage in zip(spans, passages(text, spans), strict=True):
            site = "Westmere" if span.start > text.text.index("Westmere") else "Northgate"
            if passage.startswith("### Rule"):
                assert span.before == f"Handbook › {site}\n\n"
            elif not passage.startswith("#"):
                assert span.before.startswith(f"Handbook › {site} › Rule ")
        assert any(passage.startswith("### Rule") for passage in passages(text, spans))

    def test_long_headings_are_shortened(self) -> None:
        """The headings between the outermost and the innermost are left out first, and at last a part of that one."""
        document = DocumentBuilder()
        for level, title in enumerate(("Top", "middle " * 60, "Inner"), 1):
            document.heading(level, title)
        document.paragraph(_SENTENCE * 40)
        assert checked(document.build(), 200)[1].before == "Top › Inner\n\n"
        document = DocumentBuilder()
        document.heading(1, "word " * 500)
        document.paragraph(_SENTENCE * 90)
        last = checked(document.build(), 800)[-1]
        assert last.before.startswith("word word")
        assert last.before.endswith("…\n\n")

    def test_a_sheet_is_named_in_every_chunk(self) -> None:
        """Its name stands nowhere in the text."""
        document = DocumentBuilder()
        for sheet in ("Portugal", "Latvia"):
            document.page(sheet=sheet)
            document.table([["Item", "Price"], *([f"Lamp {n}", f"{n}.50"] for n in range(200))])
        text = document.build()
        spans = checked(text, 300)
        assert spans[0].before == "Portugal\n\n"
        header = "| Item | Price |\n| --- | --- |\n"
        for span in spans:
            begins = "Latvia" if span.start >= text.pages[1] else "Portugal"
            table = "" if text.text.startswith("| Item", span.start) else header
            assert span.before == f"{begins}\n\n{table}"


class TestTables:
    @pytest.mark.parametrize("overlap", [0, 100])
    def test_the_header_is_in_each_chunk(self, overlap: int) -> None:
        """A table that is longer than a chunk repeats its header row, and is cut between rows."""
        rows = "".join(f"WS-{n},{n * 7 % 90}.{n % 10},{n * 31 % 977}\n" for n in range(900))
        text = read_csv("station,pumping_head_m,sump_depth_cm\n" + rows)
        spans = checked(text, 256, overlap)
        assert len(spans) > 30
        assert spans[0].before == ""
        assert {span.before for span in spans[1:]} == {"station,pumping_head_m,sump_depth_cm\n"}
        assert all(passage.startswith("WS-") for passage in passages(text, spans)[1:])

    def test_a_long_header_is_cut_off(self) -> None:
        """It takes no more than its share, and says that it was cut."""
        header = ",".join(f"column_{n}" for n in range(80))
        text = read_csv(header + "\n" + "".join(",".join(["1"] * 80) + "\n" for _ in range(50)))
        for span in checked(text, 400)[1:]:
            assert span.before.endswith("…\n")
            assert header.startswith(span.before[:-2])

    def test_a_table_without_a_header(self) -> None:
        """Numbers in the first row are no names of columns."""
        text = read_csv("".join(f"{n},{n}.5,2031-01-02\n" for n in range(900)))
        assert {span.before for span in checked(text, 256)} == {""}


class TestCode:
    def test_a_fence_is_closed_and_opened_again(self) -> None:
        """Each chunk of a long block of code is a whole block."""
        document = DocumentBuilder()
        document.heading(1, "Tools")
        document.code("\n".join(f"print({n})  # line {n}" for n in range(300)), language="python")
        document.paragraph(_SENTENCE)
        text = document.build()
        spans = checked(text, 200)
        assert len(spans) > 8
        for span, passage in zip(spans, passages(text, spans), strict=True):
            shown = span.before + passage + span.after
            assert shown.count("```") % 2 == 0
            if not passage.startswith("#"):
                assert span.before in ("Tools\n\n```python\n", "Tools\n\n")
        assert spans[1].before == "Tools\n\n```python\n"
        assert (spans[0].after.strip(), spans[-1].after) == ("```", "")


@pytest.mark.random
@pytest.mark.long
def test_random_documents() -> None:
    """Whatever the blocks, the limit holds exactly and nothing is lost."""
    for seed in range(examples(25)):
        rng = random.Random(seed)
        document = DocumentBuilder()
        for _ in range(rng.randint(5, 60)):
            match rng.randrange(6):
                case 0:
                    document.heading(rng.randint(1, 6), "Ünder " * rng.choice((1, 2, 30, 300)))
                case 1:
                    document.paragraph(rng.choice((_SENTENCE, "漢字、", "a" * 700, " \n x")) * rng.randint(1, 60))
                case 2:
                    document.item("an item " * rng.randint(1, 90), rng.randrange(3))
                case 3:
                    document.code("\n\n  x = '''\n```\n" * rng.randint(1, 80), language="py" * rng.choice((1, 400)))
                case 4:
                    width = rng.choice((1, 3, 60))
                    document.table(
                        [[rng.choice(("cell", "1 | 2", "é\n" * 9))] * width for _ in range(rng.choice((2, 70)))]
                    )
                case _:
                    if document.is_blank:
                        document.page(sheet="Sheet")
        text = document.build()
        for max_tokens, overlap in ((100, 50), (128, 0), (800, 400)):
            if text.text.strip():
                checked(text, max_tokens, overlap)


def test_shortened_text_fits() -> None:
    """A text that is too long ends with a sign, and is as long as it may be."""
    text = "word " * 1000
    short = shortened(text, 50)
    assert short.endswith("…")
    assert 45 <= count(short + "\n") <= 50
    assert shortened("few words", 50) == "few words"


@pytest.mark.parametrize(
    "make",
    [
        lambda n: read_csv("name,value\n" + "".join(f"row {i},{i}\n" for i in range(n * 20))),
        lambda n: markdown("".join(f"{'#' * (i % 6 + 1)} Title {i}\n" for i in range(n * 20))),
        lambda n: markdown("".join(f"## Title {i}\n\n{_SENTENCE}\n\n" for i in range(n))),
        lambda n: read_csv("name," * (n * 4) + "z\n" + "1,2,3\n" * (n * 10)),
        lambda n: markdown("```\n" + "x = 1\n" * (n * 20) + "```\n"),
    ],
    ids=["rows", "headings", "sections", "header", "code"],
)
@pytest.mark.long
def test_time_is_linear(make: Callable[[int], Text]) -> None:
    """Lead-ins of long tables, of many headings and of one long header cost no more per character in a longer text."""
    texts = {size: make(size) for size in (1000, 1000 * STEP)}
    assert grows_linearly(lambda size: split(texts[size], 200, 100), 1000)


def read_csv(text: str) -> Text:
    document = DocumentBuilder()
    document.written(text, *delimited.parse(text))
    return document.build()


def markdown(text: str) -> Text:
    document = DocumentBuilder()
    document.markdown(text)
    return document.build()
