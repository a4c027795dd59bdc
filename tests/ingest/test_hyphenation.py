"""Hyphens at the ends of lines: those that cut a word go, and those that are written stay."""

from __future__ import annotations

import pytest

from tests.support.growth import grows_linearly
from vectorlog.ingest.hyphenation import MARK, Hyphens, unwrapped


@pytest.mark.parametrize(
    ("left", "right", "elsewhere", "becomes"),
    [
        ("infor", "mation", "", "information"),
        ("well", "known", "It is well-known.", "well-known"),
        ("well", "known", "All is well. It was known.", "well-known"),
        ("with", "out", "She was with us, or without. We went out.", "without"),
        ("Daten", "bank", "Die Daten liegen in der Bank.", "Datenbank"),
        ("Debian", "Archiv", "", "Debian-Archiv"),
        ("UNI", "CODE", "", "UNICODE"),
        ("peut", "être", "Il peut être là, peut-être.", "peut-être"),
        ("up-to", "date", "It is up to you to set the date.", "up-to-date"),
        ("двух", "сторонний", "", "двухсторонний"),
        ("COVID", "19", "", "COVID-19"),
    ],
)
def test_rule(left: str, right: str, elsewhere: str, becomes: str) -> None:
    """The document's other words decide, in any language."""
    text = f"({left}{MARK}{right}) {elsewhere}"
    assert Hyphens([text]).resolved(text) == f"({becomes}) {elsewhere}"


def test_plain_text() -> None:
    """In plain text a word is joined if it occurs elsewhere; it ends its line, and whatever else is cut stays."""
    text = (
        "All of the information is here. This long line of infor-\nmation, and of an option --no-re-\ncommends, "
        "which is a well-\nknown one; any infor-\r\n  mation\nFOO-\nbar"
    )
    assert unwrapped(text) == (
        "All of the information is here. This long line of information,\nand of an option --no-re-\ncommends, "
        "which is a well-\nknown one; any infor-\r\n  mation\nFOO-\nbar"
    )
    assert unwrapped("no line is cut - here\nat all") == "no line is cut - here\nat all"


@pytest.mark.long
def test_growth() -> None:
    """The time grows with the text only, whatever is in it."""
    for piece in ("a" * 50 + "-\nb", "-", "a-", f"a{MARK}", "word " * 9 + "infor-\nmation information "):
        assert grows_linearly(lambda size, piece=piece: unwrapped(piece * size), 2_000)  # type: ignore[misc]
        marked = piece.replace("-\n", MARK)
        assert grows_linearly(lambda size, marked=marked: Hyphens([marked * size]).resolved(marked * size), 2_000)  # type: ignore[misc]
