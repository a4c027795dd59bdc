"""Decodes texts of two encodings: UTF-8 with bytes, or whole lines, that a program with another encoding wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HIGH = re.compile(rb"[\x80-\xff]+")
_VALID = re.compile(
    rb"(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})+"
)
"""Characters in UTF-8, also those that old databases write as two surrogates (CESU-8)."""
_LEADS = re.compile(rb"[\xc2-\xf4](?=[\x80-\xbf])")
_FOLLOWING = frozenset(range(0x80, 0xC0))
_QUOTES = frozenset(b"\x82\x84\x85\x91\x92\x93\x94\x96\x97\xab\xbb")
"""What a template of Windows writes directly beside a name in UTF-8."""
_OPENING = (b"\x84", b"\x91", b"\x93", b"\xab")
_SAMPLE = 6_000
"""Bytes of lines that are looked at in each of four places."""
_LONGEST_LINE = 2_000
_THREE = 0xE0
"""From here on bytes begin characters of three or four bytes, which do not follow an ASCII letter."""
_LONGEST_CUT = 3
"""Bytes that are left of a character whose others were cut off, at most."""
_NOT_LATIN = (
    *("cp1251", "cp1253", "cp1255", "cp1256", "cp874", "cp866", "cp737", "cp855", "cp862", "cp864", "cp720", "cp1125"),
    *("koi8", "iso8859-5", "iso8859-6", "iso8859-7", "iso8859-8", "mac-cyr", "mac-greek", "kz1048", "ptcp154"),
    *("gb", "big5", "cp93", "cp94", "euc", "johab"),
)
"""Beginnings of the names of encodings in which two letters in a row may look like UTF-8."""


@dataclass(frozen=True, slots=True)
class Valid:
    """What is UTF-8 in a text that is not all UTF-8.

    Attributes:
        letters: characters beyond ASCII in it, in small and capital form.
        leads: first bytes of these characters.
        others: the lines that are not UTF-8 without what is, for guessing their encoding.
        sample: lines of both kinds.
    """

    letters: frozenset[str]
    leads: frozenset[int]
    others: bytes
    sample: bytes


def valid(data: bytes, first: int, error: int) -> Valid:
    """Returns what is UTF-8 in lines from the first byte beyond ASCII on (`first`), from the first that is not UTF-8 on
    (`error`), and from later ones.
    """
    lines = [*dict.fromkeys(_lines(data, sorted({first, error, len(data) // 2, len(data) - _SAMPLE})))]
    found = b"".join(match[0] for line in lines for match in _VALID.finditer(line))
    letters = _letters(found)
    others = b"\n".join(
        _VALID.sub(b"a", line) if is_mostly_valid(line) else line for line in lines if not is_utf8(line)
    )
    leads = frozenset(found[match.start()] for match in _LEADS.finditer(found))
    return Valid(frozenset(letters + letters.lower() + letters.upper()), leads, others, b"\n".join(lines))


def is_mostly_valid(data: bytes) -> bool:
    """Whether most bytes beyond ASCII are characters in UTF-8."""
    good = sum(len(match[0]) for match in _VALID.finditer(data))
    return 2 * good > sum(len(match[0]) for match in _HIGH.finditer(data))


def count(data: bytes) -> int:
    """Returns how many characters beyond ASCII there are in UTF-8, side by side counted once."""
    return len(_VALID.findall(data))


def _lines(data: bytes, starts: list[int]) -> Iterator[bytes]:
    """Yields lines with bytes beyond ASCII, or pieces of long ones, `_SAMPLE` bytes from each place."""
    at = 0
    for start in starts:
        at, size = max(at, start, 0), 0
        while size < _SAMPLE and (match := _HIGH.search(data, at)):
            begin = data.rfind(b"\n", max(at - 64, match.start() - _LONGEST_LINE, 0), match.start()) + 1
            begin = begin or max(at, match.start() - 64)
            end = data.find(b"\n", match.end(), match.end() + _LONGEST_LINE)
            at = end if end >= 0 else _end_of_run(data, min(len(data), match.end() + _LONGEST_LINE))
            yield data[begin:at]
            size += at - begin


def _end_of_run(data: bytes, at: int) -> int:
    match = _HIGH.match(data, at)
    return match.end() if match else at


def _letters(found: bytes) -> str:
    """Decodes what `_VALID` finds."""
    return found.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_utf8(data: bytes) -> bool:
    """Whether bytes are valid UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(slots=True)
class Mixed:
    """Decodes bytes of UTF-8 and of another encoding.

    Attributes:
        other: the other encoding.
        leads: as in `Valid`.
        places: in how many places the other encoding was taken.
        lost: how many places are damaged, and became a U+FFFD.
    """

    other: str
    leads: frozenset[int]
    places: int = 0
    lost: int = 0

    def decode(self, data: bytes) -> str:
        """Returns the text. Lines that are UTF-8 are read so, others by their bytes or, as a whole, in the other."""
        if is_utf8(data):
            return data.decode()
        lines = data.split(b"\n")
        last = len(lines) - 1
        by_line = self.other.startswith(_NOT_LATIN)
        return "\n".join(
            line.decode() if is_utf8(line) else self._line(line, by_line, begins=number == 0, ends=number == last)
            for number, line in enumerate(lines)
        )

    def _line(self, line: bytes, by_line: bool, *, begins: bool, ends: bool) -> str:
        if by_line and not is_mostly_valid(line):
            return self._other(line)
        parts: list[str] = []
        at = 0
        for match in _HIGH.finditer(line):
            parts.append(line[at : match.start()].decode())
            at = match.end()
            beside = line[match.start() - 1 : match.start()], line[at : at + 1]
            at_begin, at_end = begins and not match.start(), ends and at == len(line)
            parts.append(self._run(match[0], beside, begins=at_begin, ends=at_end))
        parts.append(line[at:].decode())
        return "".join(parts)

    def _run(self, run: bytes, beside: tuple[bytes, bytes], *, begins: bool, ends: bool) -> str:
        """Decodes bytes beyond ASCII that stand between ASCII."""
        good = [(match.start(), match.end()) for match in _VALID.finditer(run)]
        if not good:
            is_cut = self._is_cut(run, beside, begins=begins, ends=ends)
            return self._lost() if is_cut else self._other(run)
        parts: list[str] = []
        at = 0
        for start, end in [*good, (len(run), len(run))]:
            if between := run[at:start]:
                parts.append(self._other(between) if _QUOTES.issuperset(between) else self._lost())
            parts.append(_letters(run[start:end]))
            at = end
        return "".join(parts)

    def _is_cut(self, run: bytes, beside: tuple[bytes, bytes], *, begins: bool, ends: bool) -> bool:
        """Whether bytes are a part of a character in UTF-8."""
        before, following = beside
        if _FOLLOWING.issuperset(run):
            return (
                begins
                and run not in _OPENING
                and len(run) <= _LONGEST_CUT
                and not following.isspace()
                and not following.isdigit()
            )
        if run[0] not in self.leads or not _FOLLOWING.issuperset(run[1:]):
            return False
        if len(run) == 1 and run[0] >= _THREE and before.isalpha():
            return False
        return ends or len(run) > 1 or not following.isalpha()

    def _other(self, data: bytes) -> str:
        text = data.decode(self.other, "replace")
        self.places += 1
        self.lost += text.count("\ufffd")
        return text

    def _lost(self) -> str:
        self.lost += 1
        return "\ufffd"
