"""Extracts the text of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from vectorlog.ingest import inside
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats import plain
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.registry import FORMATS
from vectorlog.ingest.kind import format_of

_SAYS = re.compile(r"[^\W_]|[\u20a0-\u20cf\u2190-\u2bff\U0001f000-\U0001faff]")
"""A letter, a digit, or a sign that says something by itself; lines and commas alone are no text."""

_REMEDY = "Upload a file that contains text."
_MOST_REASONS = 3


def extract(path: Path, filename: str, formats: Sequence[Format] = FORMATS) -> Text:
    """Returns the text of the file at `path`, uploaded as `filename`; never empty.

    Raises:
        Unreadable: the file cannot be read, and retrying will not help; the message gives the cause and a remedy.
        OSError: the file could not be opened.
    """
    file_format = format_of(path, filename, formats)
    try:
        with inside.named(filename):
            text = file_format.read(path)
    except Unreadable as error:
        extension = Path(filename).suffix.lower()
        if error.code == "unsupported_file" and any(extension in each.extensions for each in formats):
            raise Unreadable(
                "invalid_file",
                f"The file is named {extension}, but contains other binary data, not text: it is damaged, or another "
                f"kind of file. Save it as {extension} again, or upload it under its real extension.",
            ) from error
        if error.code == "unsupported_file" and file_format is plain.FORMAT and not extension:
            raise Unreadable(
                "invalid_file",
                "The file contains binary data, not text, and its name has no extension that says what it is. Convert "
                "it to a text, PDF or Office file.",
            ) from error
        raise
    except MemoryError as error:
        raise Unreadable(
            "invalid_file", "Reading the file takes more memory than is allowed. Split it into smaller files."
        ) from error
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic in a Rust library does not derive from Exception
        raise Unreadable(
            "invalid_file",
            f"The file is damaged: it could not be read as {file_format.label}. Save it again, or as PDF or text.",
        ) from error
    if text.is_blank or not _SAYS.search(text.text):
        raise Unreadable("invalid_file", " ".join(("No text was found in the file.", *_left_out(text), _REMEDY)))
    return text


def _left_out(text: Text) -> list[str]:
    """Returns what a file has that is not read."""
    return [*dict.fromkeys(each.message for each in text.warnings if each.code != "encoding_guessed")][:_MOST_REASONS]
