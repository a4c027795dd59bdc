"""What a reader of RTF keeps while it reads: groups, fields, and the letters of fonts."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass, field

from vectorlog.ingest.formats.office.rtf_words import CHARSETS
from vectorlog.ingest.raised import Mark

_SYMBOLS = 0xF020
"""Where the signs of symbol fonts begin in Unicode; they are 0xF000 above their bytes."""
_BULLETS = (0xF0B7, 0xF0A7, 0xF0D8, 0xF06E, 0xF076)


@dataclass(slots=True)
class Group:
    """What holds up to the end of a group; `ends` is done there."""

    font: int = -1
    fallback: int = 1
    hidden: bool = False
    skipped: bool = False
    target: list[str] | None = None
    """Where text goes that is not the document's, such as a field's code."""
    table: str = ""
    ends: Callable[[], None] | None = None
    mark: Mark = ""
    """How text is set."""

    def inner(self) -> Group:
        """Returns a group inside this one, which begins as this one is."""
        return Group(self.font, self.fallback, self.hidden, self.skipped, self.target, self.table, None, self.mark)

    def character(self, word: str, value: int | None) -> bool:
        """Takes a control of letters; returns whether it is one."""
        match word:
            case "f":
                self.font = value or 0
            case "uc":
                self.fallback = max(0, min(value or 0, 100)) if value is not None else 1
            case "v" | "deleted":
                self.hidden = value != 0
            case "plain":
                self.hidden, self.mark = False, ""
            case "super" | "up":
                self.mark = "raised" if value != 0 else ""
            case "sub" | "dn":
                self.mark = "lowered" if value != 0 else ""
            case "strike" | "striked" | "strikedl":
                self.mark = "struck" if value != 0 else ""
            case "nosupersub":
                self.mark = ""
            case _:
                return False
        return True


@dataclass(slots=True)
class Field:
    """A field, such as a link: its code, and where its result begins."""

    code: list[str] = field(default_factory=list)
    start: tuple[int, int, int] = (0, 0, 0)
    """Flow, paragraph and place in it at which the result begins."""


class Letters:
    """Makes letters of bytes and of numbers of UTF-16.

    Attributes:
        encoding: of bytes in a font that has none of its own.
    """

    def __init__(self) -> None:
        self.encoding = "cp1252"
        self._fonts: dict[int, str] = {}
        self._high = 0

    def add_font(self, font: int, word: str, value: int) -> None:
        """Notes a font's `fcharset` or code page (`cpg`)."""
        encoding = CHARSETS.get(value, "") if word == "fcharset" else code_page(value)
        if encoding:
            self._fonts[font] = encoding

    def decoded(self, data: bytes | bytearray, font: int) -> str:
        """Returns the text of bytes in a font."""
        self._high = 0
        return data.decode(self._fonts.get(font) or self.encoding, "replace")

    def unit(self, value: int) -> str:
        """Returns the letter that a unit of UTF-16 is or completes; none for the first of two."""
        unit, high = value & 0xFFFF, self._high
        self._high = unit if 0xD800 <= unit < 0xDC00 else 0
        if 0xD800 <= unit < 0xE000:
            paired = high and unit >= 0xDC00
            return chr(0x10000 + ((high - 0xD800) << 10) + unit - 0xDC00) if paired else ""
        if _SYMBOLS <= unit <= _SYMBOLS + 0xFF:
            unit = 0x2022 if unit in _BULLETS else unit - 0xF000
        return chr(unit) if unit >= 32 else ""


def code_page(number: int) -> str:
    """Returns the name of an encoding that Python has, for the number of a code page; empty if it has none."""
    name = {10000: "mac-roman", 65001: "utf-8", 936: "gb18030", 1361: "johab"}.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""
