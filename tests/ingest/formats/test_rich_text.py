"""RTF is read as Word shows it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vectorlog.ingest.document import Text

Read = Callable[[bytes, str], Text]
_FONTS = r"{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial;}{\f2\fcharset128 Mincho;}{\f3\fcharset238 Arial;}}"


def _text(read: Read, body: str, encoding: str = "latin-1") -> str:
    return read(rf"{{\rtf1\ansi\ansicpg1252\deff0{_FONTS}{body}}}".encode(encoding), "a.rtf").text


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (r"Caf\'e9 \u8364?5", "Café €5"),
        (r"A \u-10179?\u-8921? b", "A 🔧 b"),
        (r"\uc0 \u55357 \u56615  b", "🔧 b"),
        (r"\uc2\u8364\'80\'80x", "€x"),
        (r"{\f1 \'cc\'e8\'f0}", "Мир"),
        (r"{\f2 \'93\'fa\'96\'7b\'83A}", "日本ア"),
        (r"{\f3 \'9elu\'9d}", "žluť"),
        (r"op\-tional non\_breaking", "optional non-breaking"),
        (r"\{a\} \\b", r"{a} \b"),
        (r"one\par two\line three", "one\n\ntwo\nthree"),
        (r"seen{\v hidden} too", "seen too"),
        (r"{\*\unknown lost}kept{\*\cs7 lost}", "kept"),
        (r"a{\pict\bin3 }}}b}c", "ac"),
        (r"{\upr{\title x}{\*\ud{kept}}}", "kept"),
        (r"{kept \b\*\cs7 too}", "kept too"),
    ],
)
def test_letters(read: Read, body: str, shown: str) -> None:
    """Code pages, numbers of letters with their fallback, and signs."""
    assert _text(read, body) == shown


def test_notes_comments_and_boxes(read: Read) -> None:
    """They follow the paragraph; headers come first and footers last."""
    body = (
        r"{\header Contract 7\par}{\footer Port\par}The fee.{\super\chftn}{\footnote\pard{\super\chftn} In May.} Then."
        r"{\*\atnauthor Ann}\chatn{\*\annotation\pard Check.}"
        r"{\shp{\*\shpinst{\sp{\sn a}{\sv b}}{\shptxt\pard In a box.\par}}{\shprslt twice}}\par"
    )
    shown = "Contract 7\n\nThe fee.[1] Then.\n\n[1] In May.\n\nComment (Ann): Check.\n\nIn a box.\n\nPort"
    assert _text(read, body) == shown


@pytest.mark.parametrize(
    "code", [r'HYPERLINK "https://example.org/a"', r'{\lang1033 HYPERLINK "https://example.org/a" \\o "tip"}']
)
def test_links(read: Read, code: str) -> None:
    """A link has its address."""
    assert _text(read, rf"see {{\field{{\*\fldinst {code}}}{{\fldrslt{{\ul this}}}}}} now") == (
        "see [this](https://example.org/a) now"
    )


def test_headings_and_lists(read: Read) -> None:
    """Headings are told by their style or level, items by their mark."""
    body = (
        r"{\stylesheet{\s0 Normal;}{\s1 heading 1;}{\s2\outlinelevel1 Zwei;}}\pard\s1 One\par\pard\s2 Two\par"
        r"\pard{\listtext 1.\tab}\ls1 first\par\pard\ls1\ilvl1{\listtext\f3\'b7\tab}inner\par\pard after\par"
    )
    assert _text(read, body) == "# One\n\n## Two\n\n1. first\n  - inner\n\nafter"


def test_tables(read: Read) -> None:
    """Merged cells keep the columns, whether they are marked or only wider."""
    row = r"\trowd\cellx1000\cellx2000\cellx3000\pard\intbl a\cell b\cell c\cell\row"
    wide = r"\trowd\cellx2000\cellx3000\pard\intbl wide\cell c2\cell\row"
    below = r"\trowd\clvmgf\cellx1000\cellx2000\cellx3000\pard\intbl a3\cell b3\cell c3\cell\row"
    below += r"\trowd\clvmrg\cellx1000\cellx2000\cellx3000\pard\intbl\cell b4\cell c4\cell\row"
    assert _text(read, f"{row}{wide}{below}\\pard end\\par") == (
        "| a | b | c |\n| --- | --- | --- |\n| wide |  | c2 |\n| a3 | b3 | c3 |\n| a3 | b4 | c4 |\n\nend"
    )


@pytest.mark.parametrize("data", [rb"{\rtf1 text", rb"{\rtf1 text}}}} more", rb"{\rtf1 text\bin99999999 x}"])
def test_damage(read: Read, data: bytes) -> None:
    """A file without its end, or with too many, is read."""
    assert read(data, "a.rtf").text.startswith("text")
