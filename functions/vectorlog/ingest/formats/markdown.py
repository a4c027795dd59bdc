"""The few Markdown elements that the text of office formats is written in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def heading(level: int, text: str) -> str:
    """Returns a heading of level 1 (highest) to 6."""
    return f"{'#' * min(max(level, 1), 6)} {text}"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Returns a table with the first row as its header; an empty string if there are no rows."""
    if not rows:
        return ""
    head, *body = rows
    return "\n".join((_row(head), "|" + " --- |" * len(head), *map(_row, body)))


def blocks(parts: Iterable[str]) -> str:
    """Joins blocks with a blank line between them, but list items without one."""
    return "\n\n".join(part for part in parts if part.strip()).replace("\n\n- ", "\n- ")


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_on_one_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _on_one_line(cell: str) -> str:
    return " ".join(line for line in map(str.strip, cell.splitlines()) if line)
