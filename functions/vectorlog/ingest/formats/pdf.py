"""PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats.format import Format

if TYPE_CHECKING:
    import pypdfium2  # type: ignore[import-untyped]

_HYPHEN_AT_LINE_END = re.compile("[\ufffe\x02](?:\r?\n)?")


def read(path: Path) -> Text:
    """Reads the text layer, page by page.

    Raises:
        Unreadable: the file is locked, or has no text layer.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable(
                "invalid_file", "The PDF is locked with a password. Remove the password and upload it again."
            ) from error
        raise
    try:
        doc = DocumentBuilder()
        blank = [number for number, page in enumerate(_pages(document), 1) if not _write(doc, page)]
    finally:
        document.close()
    if doc.is_blank:
        raise Unreadable(
            "invalid_file",
            "The PDF has no text layer; it is probably a scan. Run text recognition (OCR) on it and upload it again.",
        )
    if blank:
        doc.warn(
            "pages_without_text",
            f"{len(blank)} of the PDF's pages have no text; they may be scans. Run text recognition (OCR) on it.",
            f"page {', '.join(map(str, blank))}",
        )
    return doc.build()


def _write(doc: DocumentBuilder, page: str) -> bool:
    """Writes a page, and returns whether it has text."""
    doc.page()
    doc.plain(page)
    return bool(page.strip())


def _pages(document: pypdfium2.PdfDocument) -> Iterator[str]:
    for page in document:
        layer = page.get_textpage()
        yield _HYPHEN_AT_LINE_END.sub("", layer.get_text_range())
        layer.close()
        page.close()


FORMAT = Format("a PDF", (".pdf",), read, begins=lambda head: b"%PDF-" in head[:1024])
