"""What stands on an Excel sheet beside its cells, in both forms of a workbook: comments, and what is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.shapes import Shapes
from vectorlog.ingest.formats.office.sheet_notes import Note, written
from vectorlog.ingest.formats.office.sheet_page import SheetPage


def write_beside_cells(
    package: Package, part: str, page: SheetPage, notes: Sequence[Note], quoted: Mapping[str, str]
) -> Counter[str]:
    """Writes a sheet's comments, with the texts of their cells, and its drawings; returns what these hold unread."""
    for note in notes:
        page.paragraph(written(note, quoted.get(note.cell, "")))
    left: Counter[str] = Counter()
    for drawing in package.related(part, "drawing"):
        root = package.find(drawing)
        if root is not None:
            shapes = Shapes(package, drawing, page)
            shapes.write(root)
            left += shapes.left
    return left
