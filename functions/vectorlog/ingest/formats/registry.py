"""All supported formats. To add one, write its module and list it here.

The first format that recognises a file reads it, so the order matters if several could.
"""

from __future__ import annotations

from vectorlog.ingest.formats import (
    archive,
    book,
    delimited,
    image,
    json_file,
    mail,
    mail_folder,
    markdown_file,
    notebook,
    old_slides,
    old_word,
    opendocument,
    outlook,
    pdf,
    plain,
    rich_text,
    sheets,
    slides,
    source_code,
    subtitles,
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
    old_word.FORMAT,
    old_slides.FORMAT,
    outlook.FORMAT,
    opendocument.FORMAT,
    book.FORMAT,
    mail_folder.FORMAT,
    mail.FORMAT,
    archive.FORMAT,
    markdown_file.FORMAT,
    notebook.FORMAT,
    json_file.FORMAT,
    xml_file.FORMAT,
    source_code.FORMAT,
    subtitles.FORMAT,
    tex.FORMAT,
    delimited.FORMAT,
    image.FORMAT,
    plain.FORMAT,
)
