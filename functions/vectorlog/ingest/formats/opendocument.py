"""OpenDocument texts, presentations and drawings (odt, odp, odg)."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.container import Container
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.left_out import tell_left_out
from vectorlog.ingest.formats.office.open_furniture import furniture
from vectorlog.ingest.formats.office.open_styles import OpenStyles
from vectorlog.ingest.formats.office.open_text import OpenText
from vectorlog.ingest.formats.office.xml import child, named, require_few_tags


def read(path: Path) -> Text:
    """Reads headings, paragraphs, lists with their numbers, tables, links, text boxes and charts; footnotes and
    comments after the paragraph that refers to them; headers first and footers last. The slides of a presentation are
    its pages.
    """
    document = DocumentBuilder()
    size = path.stat().st_size
    with Container(path) as container:
        require_few_tags(container.read("content.xml"), size)
        content = container.tree("content.xml")
        body = child(content, "body")
        if body is None:
            raise ValueError("content.xml has no body")
        styles = OpenStyles()
        for root in (container.tree("styles.xml") if "styles.xml" in container.names else None, content):
            styles.add(root)
        if "meta.xml" in container.names:
            title = next(named(container.tree("meta.xml"), "title"), None)
            document.title = (title.text or "") if title is not None else ""
        writer = OpenText(container, document, styles, size)
        slides = list(named(body, "page"))
        if slides:
            for slide in slides:
                document.page()
                writer.blocks(slide)
        else:
            for text in furniture(container, "header"):
                document.paragraph(text)
            writer.blocks(body)
            for text in furniture(container, "footer"):
                document.paragraph(text)
        tell_left_out(document, writer.left)
    return document.build()


FORMAT = Format(
    "an OpenDocument file",
    (".odt", ".ott", ".odp", ".otp", ".odg"),
    read,
    media_types=tuple(f"application/vnd.oasis.opendocument.{each}" for each in ("text", "presentation", "graphics")),
    keeps=(
        "Headings, paragraphs, numbered lists, tables, links, text boxes; footnotes and comments after the paragraph "
        "that refers to them; headers first and footers last; each slide of a presentation as a page."
    ),
    leaves_out="Images, macros, tracked changes.",
)
