"""Blocks of Markdown."""

from __future__ import annotations

import pytest

from tests.support.examples import examples
from tests.support.growth import grows_linearly
from vectorlog.ingest.blocks import Block, Kind
from vectorlog.ingest.formats.markdown_blocks import parse


def headings(text: str) -> list[Block]:
    return list(parse(text)[0].of(Kind.HEADING))


def titles(text: str) -> list[tuple[int, str]]:
    return [(each.level, each.title) for each in headings(text)]


def test_titles_of_restructured_text() -> None:
    """A line of asterisks makes a title of the line above if it is as long; sections below it are one level deeper."""
    text = "Rules\n*****\n\nDogs\n====\n\nThey wait outside.\n***\n"
    assert [(each.level, each.title) for each in parse(text)[0].of(Kind.HEADING)] == [(1, "Rules"), (2, "Dogs")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n\ntext\n\n### Two ##\n", [(1, "One"), (3, "Two")]),
        ("Title\n=====\n\ntext\n\nPart\n---\n", [(1, "Title"), (2, "Part")]),
        ("## A [link](http://x) and *stress* of `code`", [(2, "A link and stress of code")]),
        ("```\n# a comment\n```\n# Real", [(1, "Real")]),
        ("~~~~ sh\n# a\n~~~\n# b\n~~~~\n# Real", [(1, "Real")]),
        ("```unclosed\n# a\n", []),
        ("`#` is a sign\n#hashtag\n####### seven", []),
        ("---\ntitle: Front matter\n---\n# Real", [(1, "Real")]),
        ("two lines\nof a paragraph\n---\n\n---\n\n- item\n---\n", []),
        ("| a |\n| --- |\n\ntext\n\n-----\n", []),
        ("", []),
        ("---", []),
    ],
)
def test_what_is_a_heading(text: str, expected: list[tuple[int, str]]) -> None:
    """Lines with # and underlined lines are; code, front matter, rules, lists and tables are not."""
    assert titles(text) == expected


def test_where_they_are() -> None:
    """A heading spans its line, with the underline."""
    text = "a\n\n# One\n\nTwo\n===\n"
    assert [text[each.start : each.end] for each in headings(text)] == ["# One", "Two\n==="]


@pytest.mark.random
@pytest.mark.parametrize(
    "part", ["# " + "x" * 1000 + "\n", "-\n", "a\n---\n", "=" * 5000 + "\n", "```\n", "# " + "[" * 900]
)
@pytest.mark.long
def test_the_time_grows_with_the_text_only(part: str) -> None:
    """No text takes long, and no title is long."""
    assert all(len(each.title) <= 200 for each in headings(part * (1_000_000 // len(part))))
    assert grows_linearly(lambda size: parse(part * (size // len(part))), examples(200_000))
