"""The stretches of an RTF text inside each other: the document, and its notes, comments, headers and text boxes."""

from __future__ import annotations

from collections.abc import Callable

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.formats.office.rtf_flow import Flow
from vectorlog.ingest.formats.office.sink import Lines

_MOST_FLOWS = 10
"""How deep notes and text boxes may lie in each other; a deeper one is read as text of the one around it."""


class Flows:
    """The flows that are open; the first is the document's.

    A header is written where it stands, and a footer at the end of the document, each once. The others follow the
    paragraph in which they are anchored.
    """

    def __init__(self, document: DocumentBuilder, headings: dict[int, int]) -> None:
        self._document = document
        self._headings = headings
        self._open = [Flow(document, headings)]
        self._notes = 0
        self._author = ""
        self._headers: dict[str, None] = {}
        self._footers: dict[str, None] = {}

    @property
    def last(self) -> Flow:
        """The innermost one."""
        return self._open[-1]

    @property
    def has_room(self) -> bool:
        """Whether another may be opened inside it."""
        return len(self._open) < _MOST_FLOWS

    def author(self, name: str) -> None:
        """Takes who wrote the next comment."""
        self._author = name.strip()

    def open(self, word: str) -> Callable[[], None]:
        """Opens a flow of the kind that a control names; returns what ends it."""
        outer, lines = self.last, Lines()
        if word == "footnote":
            self._notes += 1
            outer.text.append(f"[{self._notes}]")
        note = self._notes
        flow = Flow(lines, self._headings)
        self._open.append(flow)

        def end() -> None:
            flow.end()
            self._open.pop()
            text = lines.text
            if not text.strip():
                return
            match word:
                case "footnote":
                    outer.after.append(f"[{note}] {text}")
                case "annotation":
                    outer.after.append(f"Comment ({self._author}): {text}" if self._author else f"Comment: {text}")
                case "shptxt" | "dptxbxtext":
                    outer.after.append(text)
                case _ if any(letter.isalpha() for letter in text):
                    self._end_furniture(word, text)

        return end

    def end(self) -> None:
        """Ends the document."""
        self._open[0].end()
        for text in self._footers:
            self._document.paragraph(text)

    def _end_furniture(self, word: str, text: str) -> None:
        if word.startswith("footer"):
            self._footers[text] = None
        elif text not in self._headers:
            self._headers[text] = None
            self._document.paragraph(text)
