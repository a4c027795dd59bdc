"""Text, and everything that is kept as it is written: Markdown, JSON, CSV, source code, XML."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.encodings import decode
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.pages import whole


def read(path: Path) -> Text:
    """The file's text; XML is not parsed, so its entities stay as they are written."""
    data = path.read_bytes()
    return whole(decode(data, declares=data.lstrip().startswith(b"<?xml")))


FORMAT = Format("text", (".txt", ".md", ".json", ".jsonl", ".csv", ".tsv", ".xml"), read, by_name=True)
