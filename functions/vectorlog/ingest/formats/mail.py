"""Mail messages."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email.message import MIMEPart
from email.policy import default
from pathlib import Path

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.encodings import decode
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.pages import whole
from vectorlog.ingest.formats.web import markdown

_HEADERS = ("Subject", "From", "To", "Cc", "Date")


def read(path: Path) -> Text:
    """Reads subject, sender, recipients, date, body, text attachments and the names of all attachments.

    If the body is both plain text and HTML, it reads the plain text.
    """
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    return whole("\n\n".join(part for part in _parts(message) if part.strip()))


def _parts(message: MIMEPart) -> Iterator[str]:
    yield "\n".join(f"{name}: {message[name]}" for name in _HEADERS if message[name])
    if (body := message.get_body(("plain", "html"))) is not None:
        yield _content(body)
    for part in message.iter_attachments():
        yield f"Attachment: {part.get_filename() or part.get_content_type()}"
        if part.get_content_maintype() == "text":
            yield _content(part)
        elif part.get_content_type() == "message/rfc822":
            yield from _parts(part.get_content())


def _content(part: MIMEPart) -> str:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)  # a part with a text type has no nested parts
    charset = part.get_content_charset()
    try:
        text = data.decode(charset) if charset else decode(data)
    except (LookupError, UnicodeError):  # mail often declares the wrong charset
        text = decode(data)
    return markdown(text) if part.get_content_subtype() == "html" else text


FORMAT = Format("a mail message", (".eml", ".mht", ".mhtml"), read, by_name=True)
