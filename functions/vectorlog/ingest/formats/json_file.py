"""JSON and JSON lines: each record is a block of lines `name: value`, so that values stay with their names."""

from __future__ import annotations

import re
from pathlib import Path

from vectorlog.ingest.blocks import Kind
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut, is_data, without_data
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.json_records import (
    Found,
    Invalid,
    Value,
    flat,
    lines,
    parse,
    shortened,
    values,
)

_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})(?:\\u([0-9a-fA-F]{4}))?")
_BLOCK = 500
_LONG_BLOCK = 4000
"""Characters from which the members of an array that stand in one line, and the lines of one record, are divided."""


def read(path: Path) -> Text:
    """Reads the records. What is not valid JSON is kept as it is written, and told."""
    return text_document(path.read_bytes(), _write)


def _write(document: DocumentBuilder, found: str, left: LeftOut) -> None:
    writer, text = _Writer(document, left), found.removeprefix("\ufeff")
    if _has_lines(text):
        writer.lines(text)
    else:
        writer.values(text)


def _has_lines(text: str) -> bool:
    """Whether a text is JSON lines: its first line is an object or an array, and another one begins in a later line."""
    first = next(lines(text), (0, ""))[1]
    rest = text.lstrip()[len(first) :].lstrip()
    if not first.startswith(("{", "[")) or not rest.startswith(("{", "[")):
        return False
    try:
        parse(first)
    except Invalid:
        return False
    return True


class _Writer:
    """Writes values into a document: those of one record as the lines of one block."""

    def __init__(self, document: DocumentBuilder, left: LeftOut) -> None:
        self._document = document
        self._left = left
        self._lines: list[str] = []
        self._size = 0
        self._record: tuple[str | int, ...] = ()
        self._list: tuple[str | int, ...] | None = None
        """The array whose last member stands at the end of the last line."""

    def lines(self, text: str) -> None:
        """Writes JSON lines. A line that is not valid is written as it is."""
        invalid: list[int] = []
        for number, line in lines(text):
            try:
                self._found(Found((), parse(line)))
            except Invalid:
                self._raw(line)
                invalid.append(number)
            self.end()
        if invalid:
            count = "A line is" if len(invalid) == 1 else f"{len(invalid)} lines are"
            self._document.warn("damaged", f"{count} not valid JSON, and kept as text.", f"line {invalid[0]}")

    def values(self, text: str) -> None:
        """Writes one value. If it turns out not to be valid, what follows its last record is written as it is."""
        begun = False
        try:
            for each in values(text):
                self._found(each)
                begun = True
        except Invalid as error:
            start = error.at if begun else 0
            self._raw(text[start:])
            line = text.count("\n", 0, error.at) + 1
            self._document.warn(
                "damaged", "The file is not valid JSON from here on; that part is kept as text.", f"line {line}"
            )
        self.end()

    def end(self) -> None:
        """Ends the open block."""
        if self._lines:
            self._document.block(Kind.PARAGRAPH, "\n".join(self._lines))
        self._lines, self._size, self._list = [], 0, None

    def _found(self, found: Found) -> None:
        """Writes a value. A record is what the last place in an array on its path stands for, or the whole value."""
        path, value = found.path, found.value
        single = not isinstance(value, list | tuple)
        array = path[:-1] if single and path and isinstance(path[-1], int) else None
        path = path if array is None else array
        places = [n for n, step in enumerate(path) if isinstance(step, int)]
        record = path[: places[-1] + 1] if places else ()
        if record != self._record or self._size > _LONG_BLOCK:
            self.end()
            self._record = record
            if len(places) < len(record):
                self._add(f"{_name(record)}:")
        if array is not None and array == self._list and self._size <= _BLOCK:
            self._lines[-1] += f", {self._shown(value)}"
            return
        for name, each in flat(value, _name(path[len(record) :])):
            shown = ", ".join(map(self._shown, each)) if isinstance(each, list) else self._shown(each)
            if shown:
                self._add(f"{name}: {shown}" if name else shown)
                self._list = array

    def _add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)

    def _shown(self, value: Value) -> str:
        match value:
            case None | "":
                return ""
            case bool():
                return "true" if value else "false"
            case str():
                return self._left.add(len(value)) if is_data(value) else value
            case _:  # an empty array or object
                return ""

    def _raw(self, text: str) -> None:
        self.end()
        self._document.plain(_unescaped(without_data(text, self._left)))


def _name(path: tuple[str | int, ...]) -> str:
    name = ""
    for step in path:
        name += f"[{step}]" if isinstance(step, int) else f".{step}" if name else step
    return shortened(name)


def _unescaped(text: str) -> str:
    """Resolves escapes of code units outside of a valid text; a pair of surrogates is one letter."""

    def letter(match: re.Match[str]) -> str:
        units = b"".join(int(unit, 16).to_bytes(2, "big") for unit in match.groups() if unit)
        resolved = units.decode("utf-16-be", "replace")
        return resolved if resolved.isprintable() else " "

    return _ESCAPE.sub(letter, text)


FORMAT = Format(
    "JSON",
    (".json", ".jsonl", ".ndjson", ".geojson"),
    read,
    by_name=True,
    keeps="Records as lines of names and values, with letters for escapes; what is not valid JSON stays as it "
    "is, and a warning tells it.",
    leaves_out="Binary data in base64 or hexadecimal digits, and `data:` addresses; a warning tells it. Empty values.",
)
