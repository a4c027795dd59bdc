"""The text inside a paragraph of an OpenDocument file, and what is anchored there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, number
from vectorlog.ingest.raised import Mark, Runs

_SPACE = re.compile(r"[ \t\r\n]+")
_SHAPES = frozenset(
    (
        *("frame", "custom-shape", "g", "rect", "line", "ellipse", "circle", "polygon", "polyline", "path"),
        *("connector", "caption", "measure", "regular-polygon", "control", "text-box"),
    )
)
_SKIPPED = frozenset(("annotation-end", "tracked-changes", "sheet-name", "event-listeners", "ruby-text"))
_MOST_SPACES = 100


class OpenInline:
    """Collects a paragraph's text. `marks` says how styles of letters are set.

    Attributes:
        notes: each with the sign that stands for it in the text.
        annotations: comments.
        shapes: what is drawn at the paragraph: text boxes, images, charts.
    """

    def __init__(self, marks: Mapping[str, Mark] = MappingProxyType({})) -> None:
        self._marks = marks
        self._mark: Mark = ""
        self._out: list[str] = []
        self._runs = Runs(self._out)
        self.notes: list[tuple[str, Element]] = []
        self.annotations: list[Element] = []
        self.shapes: list[Element] = []

    @property
    def text(self) -> str:
        """The text."""
        self._runs.end()
        return "".join(self._out)

    def add(self, parent: Element) -> None:
        """Adds the text in an element."""
        self._write(parent.text)
        for part in parent:
            match NAMES[part.tag]:
                case "s":
                    self._append(" " * number(attribute(part, "c"), 1, _MOST_SPACES))
                case "tab":
                    self._append("\t")
                case "line-break":
                    self._append("\n")
                case "soft-page-break":
                    pass
                case "span":
                    self._span(part)
                case "a":
                    self._link(part)
                case "note":
                    self._note(part)
                case "annotation":
                    self.annotations.append(part)
                case "ruby":
                    self.add(part)
                    reading = child(part, "ruby-text")
                    if reading is not None and reading.text:
                        self._append(f"({reading.text})")
                case kind if kind in _SHAPES:
                    self.shapes.append(part)
                case kind if kind not in _SKIPPED:
                    self.add(part)
            self._write(part.tail)

    def _write(self, text: str | None) -> None:
        if text:
            self._append(_SPACE.sub(" ", text))

    def _append(self, text: str) -> None:
        self._runs.begin(self._mark)
        self._out.append(text)

    def _span(self, span: Element) -> None:
        outer = self._mark
        self._mark = self._marks.get(attribute(span, "style-name"), outer)
        self.add(span)
        self._mark = outer

    def _note(self, note: Element) -> None:
        citation = child(note, "note-citation")
        sign = attribute(citation, "label") or (citation.text or "") if citation is not None else ""
        sign = f"[{sign.strip() or len(self.notes) + 1}]"
        self.notes.append((sign, note))
        self._append(sign)

    def _link(self, link: Element) -> None:
        self._runs.end()
        start = len(self._out)
        self.add(link)
        self._runs.end()
        text, target = "".join(self._out[start:]), attribute(link, "href")
        if text.strip() and target and not target.startswith("#") and target != text.strip():
            self._out[start:] = [f"[{text}]({target})"]


def text_of(element: Element) -> str:
    """Returns the text in an element, without what is anchored there."""
    inline = OpenInline()
    inline.add(element)
    return inline.text.strip()
