"""Where walkers write blocks to: the document, or the lines of a table's cell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


class Sink(Protocol):
    """Takes blocks; `DocumentBuilder` is one."""

    def heading(self, level: int, text: str) -> None:
        """Takes a heading."""

    def paragraph(self, text: str) -> None:
        """Takes a paragraph."""

    def item(self, text: str, level: int = 0, mark: str = "-") -> None:
        """Takes an item of a list."""

    def table(self, rows: Iterable[Sequence[str]], header: int = 1) -> None:
        """Takes a table."""


class Lines:
    """Collects blocks as lines, for what lies in a cell of a table."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def heading(self, level: int, text: str) -> None:  # noqa: ARG002
        """Takes a heading."""
        self.paragraph(text)

    def paragraph(self, text: str) -> None:
        """Takes a paragraph."""
        if text.strip():
            self.lines.append(text.strip())

    def item(self, text: str, level: int = 0, mark: str = "-") -> None:  # noqa: ARG002
        """Takes an item of a list."""
        if text.strip():
            self.lines.append(f"{mark} {text.strip()}")

    def table(self, rows: Iterable[Sequence[str]], header: int = 1) -> None:  # noqa: ARG002
        """Takes a table, a line for each row."""
        for row in rows:
            self.paragraph("; ".join(cell.replace("\n", " ") for cell in row if cell.strip()))

    @property
    def text(self) -> str:
        """The lines."""
        return "\n".join(self.lines)
