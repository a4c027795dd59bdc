"""PowerPoint presentations (pptx)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.markdown import blocks, heading, table
from vectorlog.ingest.formats.pages import paged

if TYPE_CHECKING:
    from pptx.shapes.base import BaseShape
    from pptx.slide import Slide


def read(path: Path) -> Text:
    """Reads each slide as a page: its title, texts and tables, then the speaker's notes.

    Slide numbers, dates, headers and footers are left out.
    """
    import pptx

    with Container(path) as container:
        container.require_small_xml()
    return paged((blocks(_slide(slide)) for slide in pptx.Presentation(str(path)).slides), markdown=True)


def _slide(slide: Slide) -> Iterator[str]:
    title = slide.shapes.title
    yield from _shapes(slide.shapes, None if title is None else title.shape_id)
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    if notes is not None and notes.text.strip():
        yield f"Notes: {_lines(notes.text)}"


def _shapes(shapes: Iterable[BaseShape], title: int | None) -> Iterator[str]:
    from pptx.enum.shapes import PP_PLACEHOLDER
    from pptx.shapes.autoshape import Shape
    from pptx.shapes.graphfrm import GraphicFrame
    from pptx.shapes.group import GroupShape

    furniture = {PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER}
    for shape in shapes:
        if isinstance(shape, GroupShape):
            yield from _shapes(shape.shapes, title)
        elif isinstance(shape, GraphicFrame) and shape.has_table:
            yield table([[_lines(cell.text) for cell in row.cells] for row in shape.table.rows])
        elif isinstance(shape, Shape) and not (shape.is_placeholder and shape.placeholder_format.type in furniture):
            text = _lines(shape.text_frame.text)
            yield heading(2, text.replace("\n", " ")) if shape.shape_id == title and text.strip() else text


def _lines(text: str) -> str:
    return text.replace("\v", "\n")  # how python-pptx represents a line break inside a paragraph


FORMAT = Format("a presentation", (".pptx",), read, office_folder="ppt/")
