"""The little Markdown that office formats are written in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def heading(level: int, text: str) -> str:
    """A heading of level 1 (highest) to 6."""
    return f"{'#' * min(max(level, 1), 6)} {text}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head; empty for no rows."""
    if not rows:
        return ""
    head, *body = rows
    return "\n".join((_row(head), "|" + " --- |" * len(head), *map(_row, body)))


def blocks(parts: Iterable[str]) -> str:
    """Blocks with a blank line between them; the items of a list follow each other directly."""
    return "\n\n".join(part for part in parts if part.strip()).replace("\n\n- ", "\n- ")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_on_one_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _on_one_line(cell: str) -> str:
    return " ".join(line for line in map(str.strip, cell.splitlines()) if line)
