"""Reads RTF in one pass."""

from __future__ import annotations

import re
from collections.abc import Callable

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats.office.rtf_flow import Form
from vectorlog.ingest.formats.office.rtf_flows import Flows
from vectorlog.ingest.formats.office.rtf_state import Field, Group, Letters, code_page
from vectorlog.ingest.formats.office.rtf_words import BREAKS, FLOWS, KNOWN, LINK, SETS, SIGNS, SKIPPED, SYMBOLS, TOKEN

_HEADING = re.compile(r"(?i)heading ([1-9])\b")
_LONGEST_CODE = 5000
_OPENING = ord("{")


class RtfReader:
    """Reads the tokens of RTF and writes the document.

    Attributes:
        images: how many were found, which are not read.
    """

    def __init__(self, document: DocumentBuilder) -> None:
        self._document = document
        self._headings: dict[int, int] = {}
        self._flows = Flows(document, self._headings)
        self._group = Group()
        self._groups: list[Group] = []
        self._letters = Letters()
        self._bytes = bytearray()
        self._to_skip = 0
        self._starred = False
        self._fresh = False
        """Whether nothing stood in the group so far."""
        self._fields: list[Field] = []
        self._style = Form()
        self.images = 0

    def read(self, data: bytes) -> None:
        """Reads a whole file."""
        at, end = data.find(b"{\\rtf"), len(data)
        while at < end:
            token = TOKEN.match(data, at)
            if token is None:
                at += 1
                continue
            at = token.end()
            kind = token.lastgroup
            if kind == "text":
                self._raw(token["text"])
            elif kind == "hex":
                self._raw(bytes((int(token["hex"], 16),)))
            elif kind == "brace":
                if self._bytes or self._to_skip:
                    self._flush()
                (self._open if data[at - 1] == _OPENING else self._close)()
            elif kind == "sign":
                self._sign(token["sign"])
            elif kind is not None:
                word, number = token["word"].decode(), token["number"]
                value = int(number) if number else None
                if word == "bin":
                    at += max(0, value or 0)
                elif word == "u":
                    self._unicode(value or 0)
                else:
                    self._word(word, value)
        self._flush()
        while self._groups:
            self._close()
        self._flows.end()

    def _raw(self, text: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        if text and not self._group.skipped:
            self._bytes += text

    def _unicode(self, value: int) -> None:
        if self._bytes:
            self._flush()
        self._to_skip = self._group.fallback
        self._write(self._letters.unit(value))

    def _flush(self) -> None:
        """Writes the bytes that wait, since an encoding may need several for a letter."""
        self._to_skip = 0
        if self._bytes:
            text, self._bytes = self._letters.decoded(self._bytes, self._group.font), bytearray()
            self._write(text)

    def _write(self, text: str) -> None:
        group = self._group
        if group.skipped or not text:
            return
        if group.target is not None:
            group.target.append(text)
        elif not group.hidden and not group.table:
            self._flows.last.write(text, group.mark)

    def _sign(self, sign: bytes) -> None:
        if self._to_skip and sign in SYMBOLS:
            self._to_skip -= 1
            return
        self._flush()
        if sign == b"*":
            self._starred = True
        elif sign in (b"\n", b"\r"):
            self._word("par", None)
        else:
            self._write(SYMBOLS.get(sign, ""))

    def _open(self) -> None:
        self._groups.append(self._group)  # the same one, until something changes it
        self._starred = False
        self._fresh = True

    def _close(self) -> None:
        self._starred = False
        if self._groups:
            ended, self._group = self._group, self._groups.pop()
            if ended is not self._group and ended.ends is not None:
                ended.ends()

    def _word(self, word: str, value: int | None) -> None:
        self._flush()
        starred, self._starred = self._starred and self._fresh, False
        self._fresh = False
        if self._group.skipped:
            return
        if self._groups and self._group is self._groups[-1]:
            self._group = self._group.inner()
        group = self._group
        if group.table and self._in_table(group.table, word, value):
            return
        if word in FLOWS and self._flows.has_room:
            self._group.target = None
            self._group.ends = self._flows.open(word)
        elif word in SKIPPED or (starred and word not in KNOWN and word not in ("pntext", "listtext")):
            group.skipped = True
            self.images += word in ("pict", "shppict")
        elif word in SIGNS:
            self._write(SIGNS[word])
        elif word in BREAKS:
            if group.target is None:
                self._flows.last.paragraph()
        elif not self._destination(word) and not self._character(word, value):
            self._flows.last.control(word, value)

    def _in_table(self, table: str, word: str, value: int | None) -> bool:
        """Reads the tables of fonts and styles; returns whether the control belongs to them."""
        if table == "fonttbl":
            if word == "f":
                self._group.font = value or 0
            elif word in ("fcharset", "cpg") and value is not None:
                self._letters.add_font(self._group.font, word, value)
            return word in ("f", "fcharset", "cpg")
        if word == "s":
            self._style = Form(style=value or 0)
            self._collected(self._end_style)
        elif word == "outlinelevel" and value is not None and 0 <= value < 9:
            self._headings[self._style.style] = value + 1
        return True

    def _end_style(self, name: str) -> None:
        match = _HEADING.search(name)
        if match:
            self._headings.setdefault(self._style.style, int(match[1]))

    def _collected(self, take: Callable[[str], None]) -> None:
        """Collects the text of the group, and passes it to `take` at its end."""
        collected: list[str] = []
        self._group.target = collected
        self._group.ends = lambda: take("".join(collected))

    def _destination(self, word: str) -> bool:
        match word:
            case "fonttbl" | "stylesheet":
                self._group.table = word
            case "title":
                self._collected(self._title)
            case "field":
                self._fields.append(Field())
                self._group.ends = self._end_field
            case "fldinst":
                self._group.target = self._fields[-1].code if self._fields else []
            case "fldrslt":
                self._begin_result()
            case "pntext" | "listtext":
                self._collected(self._mark)
            case "atnauthor":
                self._collected(self._flows.author)
            case "upr":
                self._group.target = []
            case "ud":
                self._group.target = None
            case "info":
                self._group.target = []
            case _:
                return False
        return True

    def _title(self, text: str) -> None:
        self._document.title = text

    def _mark(self, text: str) -> None:
        self._flows.last.mark = text

    def _begin_result(self) -> None:
        if self._fields:
            flow = self._flows.last
            flow.runs.end()
            self._fields[-1].start = id(flow), flow.paragraphs, len(flow.text)

    def _end_field(self) -> None:
        ended = self._fields.pop()
        link = LINK.match("".join(ended.code)[:_LONGEST_CODE])
        flow = self._flows.last
        flow.runs.end()
        if link is None or not ended.start[0]:
            return
        target = link["quoted"] or link["bare"]
        flow_id, paragraph, start = ended.start
        if (flow_id, paragraph) != (id(flow), flow.paragraphs):
            self._write(f" ({target})")
            return
        text = "".join(flow.text[start:])
        if text.strip() and text.strip() != target:
            flow.text[start:] = [f"[{text}]({target})"]

    def _character(self, word: str, value: int | None) -> bool:
        if word == "ansicpg":
            self._letters.encoding = code_page(value or 0) or self._letters.encoding
        elif word in SETS:
            self._letters.encoding = SETS[word]
        else:
            return self._group.character(word, value)
        return True
