"""Mail folders in one file (mbox)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import decoded
from vectorlog.ingest.formats import mail
from vectorlog.ingest.formats.encodings import tell
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.mail import write
from vectorlog.ingest.formats.mail_message import parsed
from vectorlog.ingest.inside import Inside, allowance

_BEGINS = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\r\n]*\d\d:\d\d[^\r\n]*\r?\n(?=>?[!-9;-~]+:|From )")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


def read(path: Path) -> Text:
    """Reads the messages one after the other, each under its subject; see `mail`."""
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    if _BEGINS.search(data) is None:
        return mail.read(path)
    doc = DocumentBuilder()
    with allowance(len(data)) as left:
        _write_preamble(data, doc)
        for number, each in enumerate(_messages(data), 1):
            message = parsed(each)
            inner = DocumentBuilder()
            inside = Inside(inner, left)
            write(message, inner, inside)
            inside.finish()
            doc.part(message.header("Subject") or f"Message {number}", inner.build())
    return replace(doc.build(), title="")  # the file's name says more than the first heading


def _write_preamble(data: bytes, doc: DocumentBuilder) -> None:
    """Writes what stands before the first message."""
    first = _BEGINS.search(data)
    if first is not None and (before := data[: first.start()].strip()):
        found = decoded(before)
        tell(doc, found)
        doc.plain(found.text)


def _messages(data: bytes) -> Iterator[bytes]:
    begins = [(match.start(), match.end()) for match in _BEGINS.finditer(data)]
    for (_, start), (end, _) in zip(begins, [*begins[1:], (len(data), 0)], strict=True):
        yield _QUOTED.sub(rb"\1", data[start:end])


FORMAT = Format(
    "a mail folder",
    (".mbox", ".mbx"),
    read,
    begins=lambda head: _BEGINS.match(head.removeprefix(codecs.BOM_UTF8)) is not None,
    by_name=True,
    keeps=(
        "Each message under its subject, as a mail message is read. A file in which no message begins is read as one "
        "mail, or as plain text."
    ),
    leaves_out="What a mail message leaves out.",
)
