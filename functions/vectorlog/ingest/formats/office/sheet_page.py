"""The page that a sheet is written to, which begins with its first text: a sheet without any is no page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from vectorlog.ingest.builder import DocumentBuilder


class SheetPage:
    """Writes blocks to a document, under the sheet's name."""

    def __init__(self, document: DocumentBuilder, name: str) -> None:
        self._document = document
        self._name = name
        self._begun = False

    def heading(self, level: int, text: str) -> None:
        """Writes a heading below the sheet's name."""
        if text.strip():
            self._begin().heading(level + 2, text)

    def paragraph(self, text: str) -> None:
        """Writes a paragraph."""
        if text.strip():
            self._begin().paragraph(text)

    def item(self, text: str, level: int = 0, mark: str = "-") -> None:
        """Writes an item of a list."""
        if text.strip():
            self._begin().item(text, level, mark)

    def row(self, cells: Sequence[str], *, header: bool = False) -> None:
        """Writes a row of the open table, or of a new one."""
        self._begin().row(cells, header=header)

    def table(self, rows: Iterable[Sequence[str]], header: int = 1) -> None:
        """Writes a table."""
        written = [row for row in rows if any(cell.strip() for cell in row)]
        if written:
            self._begin().table(written, header)

    def end_table(self) -> None:
        """Ends the open table."""
        self._document.end_table()

    def _begin(self) -> DocumentBuilder:
        if not self._begun:
            self._begun = True
            self._document.page(sheet=self._name)
            self._document.heading(2, self._name)
        return self._document
