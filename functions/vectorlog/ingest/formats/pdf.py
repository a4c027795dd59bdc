"""PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.pages import paged

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
        text = paged(_pages(document))
    finally:
        document.close()
    if not text.text.strip():
        raise Unreadable(
            "invalid_file",
            "The PDF has no text layer; it is probably a scan. Run text recognition (OCR) on it and upload it again.",
        )
    return text


def _pages(document: pypdfium2.PdfDocument) -> Iterator[str]:
    for page in document:
        layer = page.get_textpage()
        yield _HYPHEN_AT_LINE_END.sub("", layer.get_text_range())
        layer.close()
        page.close()


FORMAT = Format("a PDF", (".pdf",), read, begins=lambda head: b"%PDF-" in head[:1024])
