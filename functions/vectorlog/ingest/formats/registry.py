"""All supported formats. To add one, write its module and list it here.

The first format that recognises a file reads it, so the order matters if several could.
"""

from __future__ import annotations

from vectorlog.ingest.formats import (
    book,
    json_file,
    mail,
    markdown_file,
    notebook,
    opendocument,
    pdf,
    plain,
    rich_text,
    sheets,
    slides,
    source_code,
    subtitles,
    table_text,
    tex,
    web,
    word,
    xml_file,
)
from vectorlog.ingest.formats.format import Format

FORMATS: tuple[Format, ...] = (
    pdf.FORMAT,
    rich_text.FORMAT,
    web.FORMAT,
    word.FORMAT,
    slides.FORMAT,
    sheets.FORMAT,
    opendocument.FORMAT,
    book.FORMAT,
    mail.FORMAT,
    markdown_file.FORMAT,
    notebook.FORMAT,
    json_file.FORMAT,
    xml_file.FORMAT,
    table_text.FORMAT,
    source_code.FORMAT,
    subtitles.FORMAT,
    tex.FORMAT,
    plain.FORMAT,
)
