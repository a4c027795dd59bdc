"""The text inside a paragraph of an OpenDocument file, and what is anchored there."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, number

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
    """Collects a paragraph's text.

    Attributes:
        notes: each with the sign that stands for it in the text.
        annotations: comments.
        shapes: what is drawn at the paragraph: text boxes, images, charts.
    """

    def __init__(self) -> None:
        self._out: list[str] = []
        self.notes: list[tuple[str, Element]] = []
        self.annotations: list[Element] = []
        self.shapes: list[Element] = []

    @property
    def text(self) -> str:
        """The text."""
        return "".join(self._out)

    def add(self, parent: Element) -> None:
        """Adds the text in an element."""
        self._write(parent.text)
        for part in parent:
            match NAMES[part.tag]:
                case "s":
                    self._out.append(" " * number(attribute(part, "c"), 1, _MOST_SPACES))
                case "tab":
                    self._out.append("\t")
                case "line-break":
                    self._out.append("\n")
                case "soft-page-break":
                    pass
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
                        self._out.append(f"({reading.text})")
                case kind if kind in _SHAPES:
                    self.shapes.append(part)
                case kind if kind not in _SKIPPED:
                    self.add(part)
            self._write(part.tail)

    def _write(self, text: str | None) -> None:
        if text:
            self._out.append(_SPACE.sub(" ", text))

    def _note(self, note: Element) -> None:
        citation = child(note, "note-citation")
        sign = attribute(citation, "label") or (citation.text or "") if citation is not None else ""
        sign = f"[{sign.strip() or len(self.notes) + 1}]"
        self.notes.append((sign, note))
        self._out.append(sign)

    def _link(self, link: Element) -> None:
        start = len(self._out)
        self.add(link)
        text, target = "".join(self._out[start:]), attribute(link, "href")
        if text.strip() and target and not target.startswith("#") and target != text.strip():
            self._out[start:] = [f"[{text}]({target})"]


def text_of(element: Element) -> str:
    """Returns the text in an element, without what is anchored there."""
    inline = OpenInline()
    inline.add(element)
    return inline.text.strip()
