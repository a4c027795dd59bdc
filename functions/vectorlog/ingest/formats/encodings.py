"""Decodes bytes of unknown encoding."""

from __future__ import annotations

import codecs
import re
import unicodedata

from vectorlog.ingest.document import Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 1 << 16
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE)
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufffd]")
_MOST_NOT_TEXT = 0.02
"""Share of control characters above which bytes are considered binary. Random bytes have a tenth; a log with terminal
colours has none.
"""

_ODD = frozenset({"Cn", "Co", "Cs", "No", "Sc", "Sk", "Sm", "So"})
_MOST_ODD = 0.1
"""Share of rare characters (symbols, fractions, private or unassigned code points) above which a text whose encoding
was guessed is considered binary. Random bytes have a fifth or more in any single-byte encoding; texts have a
hundredth.
"""
_FEWEST_SPACES = 0.08
"""Share of white space that a text with so many rare characters has: a price list, a formula."""
_MOST_SCRIPTS = 5
"""Of how many scripts the letters of such a text are at most. A Japanese text has four; random pairs of bytes have
letters of six and more from 20 characters on.
"""
_GUESSED = 400
"""How many characters of a text are looked at for this."""
_SURE_ENOUGH = 0.2
"""chardet's confidence below which Windows-1252, the usual legacy encoding of western texts, is the better guess."""


def decode(data: bytes, *, declares: bool = False) -> str:
    """Decodes `data`; with `declares`, an encoding that is named in its first 2 KB (HTML, XML) is tried first.

    Raises:
        Unreadable: the bytes are not text.
    """
    text, guessed = _decoded(data, declares=declares)
    sample = text[:_SAMPLE]
    if len(_NOT_TEXT.findall(sample)) > _MOST_NOT_TEXT * len(sample) or (guessed and _is_noise(text[:_GUESSED])):
        raise Unreadable(
            "unsupported_file", "The file contains binary data, not text. Convert it to a text, PDF or Office file."
        )
    return text


def _is_noise(text: str) -> bool:
    """Whether a text whose encoding was guessed is rather random bytes: it has many rare characters and few spaces, or
    letters of many scripts.
    """
    spaces = sum(map(str.isspace, text))
    odd = sum(unicodedata.category(each) in _ODD for each in text)
    scripts = {unicodedata.name(each, "").partition(" ")[0] for each in text if each.isalpha()}
    return (odd > max(2, _MOST_ODD * len(text)) and spaces < _FEWEST_SPACES * len(text)) or len(scripts) > _MOST_SCRIPTS


def _decoded(data: bytes, *, declares: bool) -> tuple[str, bool]:
    """Returns the text, and whether its encoding was guessed."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), False
    if (
        declares
        and (named := _DECLARED.search(data[:2048]))
        and (text := _strictly(data, named[1].decode("ascii"))) is not None
    ):
        return text, False
    if (text := _wide(data)) is not None:
        return text, True
    try:
        return data.decode(), False
    except UnicodeDecodeError as error:
        damaged = _damaged_utf8(data)
        return (damaged, False) if damaged else (_legacy(data, error.start), True)


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (LookupError, UnicodeError):  # the declared encoding is unknown or wrong: guess it from the bytes
        return None


def _wide(data: bytes) -> str | None:
    """Decodes UTF-32 or UTF-16 without a byte order mark, recognised by the positions of zero bytes."""
    sample = data[:4096]
    zeros = [sample[place::4].count(0) / (len(sample) // 4 or 1) for place in range(4)]
    if min(zeros[2:]) > 0.9 and zeros[0] < 0.1:
        return _strictly(data, "utf-32-le")
    if min(zeros[:2]) > 0.9 and zeros[3] < 0.1:
        return _strictly(data, "utf-32-be")
    if min(zeros[1], zeros[3]) > 0.3 and max(zeros[0], zeros[2]) < 0.1:
        return data.decode("utf-16-le", "replace")
    if min(zeros[0], zeros[2]) > 0.3 and max(zeros[1], zeros[3]) < 0.1:
        return data.decode("utf-16-be", "replace")
    return None


def _damaged_utf8(data: bytes) -> str | None:
    """Decodes UTF-8 with a few invalid bytes, such as a log cut inside a character.

    Returns None if there are too many: most of the characters other than ASCII must be valid.
    """
    text = data.decode("utf-8", "replace")
    invalid = text.count("\ufffd")
    valid = len(text) - len(text.encode("ascii", "ignore")) - invalid
    return text if valid > 20 * invalid else None


def _legacy(data: bytes, first: int) -> str:
    """Decodes an encoding older than Unicode, guessed from the bytes around `first`, the first that is not UTF-8."""
    import chardet

    region = data[max(0, first - 64) : first + 16 * _SAMPLE]
    sample = b"\n".join(line for line in region.split(b"\n") if not line.isascii())  # ASCII fits every encoding
    guess = chardet.detect(sample[:_SAMPLE], prefer_superset=True)
    encoding = guess["encoding"] if guess["confidence"] >= _SURE_ENOUGH else None
    return data.decode(encoding or "cp1252", "replace")
