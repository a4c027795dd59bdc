"""The cells of an xlsx sheet and the shared strings of its workbook, read as streams."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import IO
from xml.parsers import expat

from vectorlog.ingest.formats.office.number_format import Formatter, general
from vectorlog.ingest.formats.office.xml import number
from vectorlog.ingest.raised import Mark, Runs

Cells = dict[int, str]
"""The texts of a row, by column from 1. Cells without text are not in it."""

_DIGITS = "0123456789"
MOST_COLUMN = 1 << 14
MOST_ROW = 1 << 20
_LONGEST_PLAIN = 11
"""Digits that the format `General` shows, with the point."""
_FORMULA_LENGTH = 500
_PIECE = 1 << 22


class SheetCells:
    """Reads a sheet's cells and passes each row that has content to `take`, with its number from 1.

    Attributes:
        unvalued: how many formulas have no stored value; they are read as the formula.
    """

    def __init__(
        self, strings: Sequence[str], formats: Sequence[Formatter | None], take: Callable[[int, Cells], None]
    ) -> None:
        self._strings = strings
        self._formats = formats
        self._take = take
        self._row = self._column = 0
        self._type = self._formula = self._value = ""
        self._style = -1
        self._cells: Cells = {}
        self._text: list[str] | None = None
        self._has_formula = False
        self._phonetic = 0
        self.unvalued = 0

    def read(self, part: IO[bytes]) -> None:
        """Reads the sheet's part. Raises expat.ExpatError if it is damaged."""
        _parse(part, self._start, self._end, self._characters)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            reference = attributes.get("r", "")
            self._column = column_of(reference.rstrip(_DIGITS)) or self._column + 1
            self._type = attributes.get("t", "")
            self._style = number(attributes.get("s"), 0)
            self._value = self._formula = ""
            self._has_formula = False
        elif name in ("v", "t", "f"):
            self._text = []
            self._has_formula = self._has_formula or name == "f"
        elif name == "rPh":
            self._phonetic += 1
        elif name == "row":
            self._row = number(attributes.get("r"), self._row + 1, MOST_ROW)
            self._column = 0

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "c":
            if self._value or self._has_formula:
                text = self._shown()
                if text and not text.isspace() and self._column <= MOST_COLUMN:
                    self._cells[self._column] = text
        elif name in ("v", "t", "f"):
            text, self._text = "".join(self._text or ()), None
            if name == "f":
                self._formula = text[:_FORMULA_LENGTH]
            elif not self._phonetic:
                self._value += text
        elif name == "rPh":
            self._phonetic -= 1
        elif name == "row" and self._cells:
            self._take(self._row, self._cells)
            self._cells = {}

    def _shown(self) -> str:
        value, type_ = self._value, self._type
        if not value:
            if type_ in ("str", "inlineStr"):
                return ""
            self.unvalued += 1
            return f"={self._formula}" if self._formula else "(formula)"
        match type_:
            case "s":
                place = number(value.strip(), -1)
                return self._strings[place] if 0 <= place < len(self._strings) else ""
            case "b":
                return "TRUE" if value.strip() == "1" else "FALSE"
            case "d":
                return value.removesuffix("Z").removesuffix("T00:00:00").replace("T", " ")
            case "" | "n":
                return self._number(value)
        return value

    def _number(self, value: str) -> str:
        form = self._formats[self._style] if self._style < len(self._formats) else None
        if form is None and len(value) <= _LONGEST_PLAIN and value.isascii() and value.replace(".", "", 1).isdigit():
            return value.removesuffix(".0")
        try:
            exact = float(value)
            return (form(exact) if form is not None else "") or general(exact)
        except (ValueError, OverflowError):
            return value


_RAISED: Mapping[str, Mark] = {"superscript": "raised", "subscript": "lowered"}


def shared_strings(part: IO[bytes]) -> list[str]:
    """Returns the strings that cells refer to by number, without the reading aids of Japanese text.

    Raises:
        expat.ExpatError: the part is damaged.
    """
    strings: list[str] = []
    parts: list[str] = []
    runs = Runs(parts)
    wanted = [False, False]  # in a text, in a reading aid
    marks: list[Mark] = [""]

    def start(name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            wanted[0] = not wanted[1]
        elif name == "vertAlign":
            marks[0] = _RAISED.get(attributes.get("val", ""), "")
        elif name == "strike" and attributes.get("val") not in ("0", "false"):
            marks[0] = "struck"
        elif name == "rPh":
            wanted[1] = True

    def end(name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "t":
            wanted[0] = False
        elif name == "rPh":
            wanted[1] = False
        elif name == "r":
            marks[0] = ""
        elif name == "si":
            runs.end()
            strings.append("".join(parts))
            parts.clear()

    def characters(text: str) -> None:
        if wanted[0]:
            runs.begin(marks[0])
            parts.append(text)

    _parse(part, start, end, characters)
    return strings


def column_of(letters: str) -> int:
    """Returns the number, from 1, of a column named by letters; 0 if there are none, or too many."""
    found = 0
    if len(letters) > 3:
        return MOST_COLUMN + 1
    for letter in letters.upper():
        if not "A" <= letter <= "Z":
            return 0
        found = 26 * found + ord(letter) - 64
    return found


def _parse(
    part: IO[bytes],
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    characters: Callable[[str], None],
) -> None:
    """Parses a part in large pieces, since expat reads what is not complete again with each piece."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    while piece := part.read(_PIECE):
        parser.Parse(piece)
    parser.Parse(b"", True)
