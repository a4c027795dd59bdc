"""Reads RTF in one pass."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats.office.rtf_flow import Border, Flow, Form
from vectorlog.ingest.formats.office.rtf_words import (
    BREAKS,
    CHARSETS,
    FLOWS,
    KNOWN,
    LINK,
    SETS,
    SIGNS,
    SKIPPED,
    SYMBOLS,
    TOKEN,
)
from vectorlog.ingest.formats.office.sink import Lines

_HEADING = re.compile(r"(?i)heading ([1-9])\b")
_LONGEST_CODE = 5000


@dataclass(slots=True)
class _Group:
    """What holds up to the end of a group; `ends` is done there."""

    font: int = -1
    fallback: int = 1
    hidden: bool = False
    skipped: bool = False
    target: list[str] | None = None
    """Where text goes that is not the document's, such as a field's code."""
    table: str = ""
    ends: Callable[[], None] | None = None


@dataclass(slots=True)
class _Field:
    code: list[str] = field(default_factory=list)
    start: tuple[int, int, int] = (0, 0, 0)
    """Flow, paragraph and place in it at which the result begins."""


class RtfReader:
    """Reads the tokens of RTF and writes the document.

    Attributes:
        images: how many were found, which are not read.
    """

    def __init__(self, document: DocumentBuilder) -> None:
        self._document = document
        self._headings: dict[int, int] = {}
        self._flows = [Flow(document, self._headings)]
        self._group = _Group()
        self._groups: list[_Group] = []
        self._encoding = "cp1252"
        self._fonts: dict[int, str] = {}
        self._bytes = bytearray()
        self._high = 0
        self._to_skip = 0
        self._starred = False
        self._fresh = False
        """Whether nothing stood in the group so far."""
        self._fields: list[_Field] = []
        self._notes = 0
        self._style = Form()
        self._border = Border(0)
        self._author: list[str] = []
        self._furniture: dict[str, list[str]] = {"header": [], "footer": []}
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
                self._flush()
                (self._open if token["brace"] == b"{" else self._close)()
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
        self._flows[0].end()
        for text in dict.fromkeys(self._furniture["footer"]):
            self._document.paragraph(text)

    def _raw(self, text: bytes) -> None:
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        if text and not self._group.skipped:
            self._bytes += text

    def _unicode(self, value: int) -> None:
        self._flush(keep_high=True)
        self._to_skip = self._group.fallback
        unit = value & 0xFFFF
        if 0xD800 <= unit < 0xDC00:
            self._high = unit
        elif 0xDC00 <= unit < 0xE000:
            if self._high:
                self._write(chr(0x10000 + ((self._high - 0xD800) << 10) + unit - 0xDC00))
            self._high = 0
        else:
            self._high = 0
            if 0xF020 <= unit <= 0xF0FF:  # a sign of a font of symbols
                unit = 0x2022 if unit in (0xF0B7, 0xF0A7, 0xF0D8, 0xF06E, 0xF076) else unit - 0xF000
            self._write(chr(unit) if unit >= 32 else "")

    def _flush(self, *, keep_high: bool = False) -> None:
        """Writes the bytes that wait, since an encoding may need several for a letter."""
        if not keep_high:
            self._to_skip = 0
        if self._bytes:
            self._high = 0
            encoding = self._fonts.get(self._group.font) or self._encoding
            text, self._bytes = self._bytes.decode(encoding, "replace"), bytearray()
            self._write(text)

    def _write(self, text: str) -> None:
        group = self._group
        if group.skipped or not text:
            return
        if group.target is not None:
            group.target.append(text)
        elif not group.hidden and not group.table:
            self._flows[-1].text.append(text)

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
        self._groups.append(self._group)
        self._group = copy(self._group)
        self._group.ends = None
        self._starred = False
        self._fresh = True

    def _close(self) -> None:
        self._starred = False
        if self._groups:
            ends, self._group = self._group.ends, self._groups.pop()
            if ends is not None:
                ends()

    def _word(self, word: str, value: int | None) -> None:
        self._flush()
        starred, self._starred = self._starred and self._fresh, False
        self._fresh = False
        group = self._group
        if group.skipped:
            return
        if group.table and self._in_table(group.table, word, value):
            return
        if word in FLOWS:
            self._flow(word)
        elif word in SKIPPED or (starred and word not in KNOWN and word not in ("pntext", "listtext")):
            group.skipped = True
            self.images += word in ("pict", "shppict")
        elif word in SIGNS:
            self._write(SIGNS[word])
        elif word in BREAKS:
            if group.target is None:
                self._flows[-1].paragraph()
        elif not self._destination(word) and not self._character(word, value):
            self._paragraph(word, value)

    def _in_table(self, table: str, word: str, value: int | None) -> bool:
        """Reads the tables of fonts and styles; returns whether the control belongs to them."""
        if table == "fonttbl":
            if word == "f":
                self._group.font = value or 0
            elif word in ("fcharset", "cpg") and value is not None:
                encoding = CHARSETS.get(value, "") if word == "fcharset" else _code_page(value)
                if encoding:
                    self._fonts[self._group.font] = encoding
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
                self._fields.append(_Field())
                self._group.ends = self._end_field
            case "fldinst":
                self._group.target = self._fields[-1].code if self._fields else []
            case "fldrslt":
                self._begin_result()
            case "pntext" | "listtext":
                self._collected(self._mark)
            case "atnauthor":
                self._author = []
                self._group.target = self._author
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
        self._flows[-1].mark = text

    def _begin_result(self) -> None:
        if self._fields:
            flow = self._flows[-1]
            self._fields[-1].start = id(flow), flow.paragraphs, len(flow.text)

    def _end_field(self) -> None:
        ended = self._fields.pop()
        link = LINK.match("".join(ended.code)[:_LONGEST_CODE])
        flow = self._flows[-1]
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

    def _flow(self, word: str) -> None:
        if word == "footnote":
            self._notes += 1
            self._flows[-1].text.append(f"[{self._notes}]")
        lines = Lines()
        flow = Flow(lines, self._headings)
        outer = self._flows[-1]
        note = self._notes
        self._flows.append(flow)
        self._group.target = None

        def end() -> None:
            flow.end()
            del self._flows[self._flows.index(flow) :]
            if not self._flows:
                self._flows.append(outer)
            text = lines.text
            if not text.strip():
                return
            if word == "footnote":
                outer.after.append(f"[{note}] {text}")
            elif word == "annotation":
                author = "".join(self._author).strip()
                outer.after.append(f"Comment ({author}): {text}" if author else f"Comment: {text}")
            elif word.startswith(("header", "footer")):
                self._end_furniture(word[:6], text)
            else:
                outer.after.append(text)

        self._group.ends = end

    def _end_furniture(self, kind: str, text: str) -> None:
        """Writes a header where it stands, and a footer at the end of the document, once; page numbers are no text."""
        if text in self._furniture[kind] or not any(letter.isalpha() for letter in text):
            return
        self._furniture[kind].append(text)
        if kind == "header":
            self._document.paragraph(text)

    def _character(self, word: str, value: int | None) -> bool:
        group = self._group
        match word:
            case "f":
                group.font = value or 0
            case "uc":
                group.fallback = max(0, min(value or 0, 100)) if value is not None else 1
            case "v" | "deleted":
                group.hidden = value != 0
            case "plain":
                group.hidden = False
            case "ansicpg":
                self._encoding = _code_page(value or 0) or self._encoding
            case _ if word in SETS:
                self._encoding = SETS[word]
            case _:
                return False
        return True

    def _paragraph(self, word: str, value: int | None) -> None:
        flow = self._flows[-1]
        match word:
            case "pard":
                flow.form = Form()
            case "s":
                flow.form.style = value or 0
            case "outlinelevel":
                flow.form.heading = value + 1 if value is not None and 0 <= value < 9 else 0
            case "ilvl":
                flow.form.list_level = max(0, min(value or 0, 8))
            case "intbl":
                flow.form.in_table = True
            case "trowd":
                flow.borders = []
                self._border = Border(0)
            case "clmrg":
                self._border.beside = True
            case "clvmrg":
                self._border.below = True
            case "cellx":
                self._border.right = value or 0
                flow.borders.append(self._border)
                self._border = Border(0)
            case "cell":
                flow.cell()
            case "row":
                flow.row()


def _code_page(number: int) -> str:
    """Returns the name of an encoding that Python has, for the number of a code page; empty if it has none."""
    name = {10000: "mac-roman", 65001: "utf-8", 936: "gb18030", 1361: "johab"}.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""
