"""Plain text, and the formats that are kept unchanged: JSON, source code, XML."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.pages import whole


def read(path: Path) -> Text:
    """Reads the file's text. XML is not parsed, so its entities are not resolved."""
    data = path.read_bytes()
    return whole(decoded(data, declares=data.lstrip().startswith(b"<?xml")))


FORMAT = Format(
    "text",
    (".txt", ".json", ".jsonl", ".xml"),
    read,
    by_name=True,
    keeps="The text as it is. Files of any other kind that are text, such as source code and logs, are read so too.",
    leaves_out="Nothing. The entities of XML are not resolved.",
)
