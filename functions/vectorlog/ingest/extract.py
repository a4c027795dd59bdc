"""A file to its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats import (
    book,
    mail,
    notebook,
    opendocument,
    pdf,
    plain,
    rich_text,
    sheets,
    slides,
    web,
    word,
)
from vectorlog.ingest.kind import Kind, kind_of

_READERS: dict[Kind, Callable[[Path], Text]] = {
    "plain": plain.read,
    "web": web.read,
    "pdf": pdf.read,
    "word": word.read,
    "slides": slides.read,
    "sheets": sheets.read,
    "opendocument": opendocument.read,
    "book": book.read,
    "rich text": rich_text.read,
    "mail": mail.read,
    "notebook": notebook.read,
}
_NAMES: dict[Kind, str] = {
    "plain": "text",
    "web": "HTML",
    "pdf": "a PDF",
    "word": "a Word document",
    "slides": "a presentation",
    "sheets": "a spreadsheet",
    "opendocument": "an OpenDocument file",
    "book": "an EPUB book",
    "rich text": "RTF",
    "mail": "a mail message",
    "notebook": "a notebook",
}

_DOCUMENTS = re.compile(
    r"\.(txt|md|jsonl?|csv|tsv|xml|html?|pdf|docx|pptx|xlsx?|ods|odt|odp|epub|rtf|eml|ipynb)", re.IGNORECASE
)
"""Extensions that promise a document: where the content is something else, the file is damaged rather than of a kind
that is not read.
"""


def extract(path: Path, filename: str) -> Text:
    """The text of the file at `path`, which its owner calls `filename`; never empty.

    Raises:
        Unreadable: the file cannot be read, now or later; the message says why and what to do.
        OSError: the file could not be opened.
    """
    kind = kind_of(path, filename)
    try:
        text = _READERS[kind](path)
    except Unreadable as error:
        if error.code == "unsupported_file" and _DOCUMENTS.fullmatch(Path(filename).suffix):
            raise Unreadable("invalid_file", str(error)) from error
        raise
    except MemoryError as error:
        raise Unreadable(
            "invalid_file", "Reading the file takes more memory than is allowed. Split it into smaller files."
        ) from error
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in a Rust library is no Exception
        raise Unreadable(
            "invalid_file",
            f"The file is damaged: it could not be read as {_NAMES[kind]}. Save it again, or as PDF or text.",
        ) from error
    if not text.text.strip():
        raise Unreadable("invalid_file", "No text was found in the file. Upload a file that holds text.")
    return text
