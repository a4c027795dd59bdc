"""Mail: a message, or a folder of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.mail_message import LONGEST_HEADER, MOST_LEVELS, Part, parsed
from vectorlog.ingest.formats.web import markdown
from vectorlog.ingest.inside import Inside, allowance

_HEADERS = ("Subject", "From", "To", "Cc", "Date")
_EMLX = re.compile(rb"\s*(\d{1,12})[ \t]*\r?\n")
_UNNAMED = {"text/html": ".html", "text/calendar": ".ics", "text/csv": ".csv", "application/pdf": ".pdf"}
_NO_DOCUMENTS = ("image/", "font/", "audio/", "video/", "text/css", "text/javascript", "application/javascript")
"""What belongs to the look of a page that was sent."""
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_LOCKED = ("application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")


def read(path: Path) -> Text:
    """Reads subject, sender, recipients, date, body and attachments, each by the reader of its own format.

    If the body is both plain text and HTML, it reads the plain text.
    """
    data = path.read_bytes()
    counted = _EMLX.match(data)  # Apple's .emlx: the message's size, the message, and a property list
    if counted:
        data = data[counted.end() : counted.end() + int(counted[1])]
    with allowance(len(data)) as left:
        message = parsed(data)
        doc = DocumentBuilder(message.header("Subject"))
        inside = Inside(doc, left)
        write(message, doc, inside)
        inside.finish()
    if doc.is_blank:
        raise Unreadable("invalid_file", "The mail has neither a text nor headers. Save it again as .eml.")
    return doc.build()


def write(message: Part, doc: DocumentBuilder, inside: Inside) -> None:
    """Writes a message: headers, body, attachments."""
    doc.paragraph("\n".join(f"{name}: {value}" for name in _HEADERS if (value := message.header(name))))
    if message.cut:
        doc.warn("truncated", f"Of each header of the mail, the first {LONGEST_HEADER:,} bytes are read.", "headers")
    for each in _documents(message, 0, inside):
        _write_part(each, doc, inside)


def _documents(part: Part, level: int, inside: Inside) -> Iterator[Part]:
    """Yields the parts that hold something to read, in order."""
    if not part.media_type.startswith("multipart/"):
        yield part
        return
    if level >= MOST_LEVELS:
        inside.leave_out(part.media_type, f"It lies inside more than {MOST_LEVELS} other parts of a mail.")
    elif part.media_type == "multipart/alternative":
        yield from _best(part, level, inside)
    elif part.media_type == "multipart/related":
        for number, each in enumerate(part.parts()):
            if number == 0 or not each.media_type.startswith(_NO_DOCUMENTS):
                yield from _documents(each, level + 1, inside)
    else:
        for each in part.parts():
            yield from _documents(each, level + 1, inside)


def _best(part: Part, level: int, inside: Inside) -> Iterator[Part]:
    """Yields one of several forms of a text: plain if it says anything, else the richest; and what is attached."""
    forms = list(part.parts())
    plain = next((each for each in forms if each.media_type == "text/plain" and each.body.strip()), None)
    rich = next((each for each in reversed(forms) if each.media_type.startswith(("text/", "multipart/"))), None)
    shown = plain or rich
    for each in forms:
        if each is shown or not each.media_type.startswith(("text/", "multipart/")):
            yield from _documents(each, level + 1, inside)
        elif each.media_type.startswith("multipart/"):
            yield from (one for one in _documents(each, level + 1, inside) if one.attached)


def _write_part(part: Part, doc: DocumentBuilder, inside: Inside) -> None:
    media_type = part.media_type
    if media_type.startswith("message/") and media_type != "message/delivery-status":
        _write_message(part, inside)
    elif media_type in _SIGNATURES:
        return
    elif media_type.startswith(_LOCKED):
        inside.leave_out(part.filename or "message", "It is encrypted. Save the mail without encryption.")
    elif part.attached or not media_type.startswith(("text/", "message/")):
        name = part.filename or f"attachment{_UNNAMED.get(media_type, '')}"
        inside.add(name, part.content(), f"Attachment: {name}")
    elif media_type == "text/html":
        doc.markdown(markdown(part.text()))
    else:
        doc.plain(part.text())


def _write_message(part: Part, inside: Inside) -> None:
    data = part.content()
    if part.media_type == "message/external-body":
        return
    subject = parsed(data[: 2 * LONGEST_HEADER]).header("Subject")
    name = part.filename or subject or "message"
    inside.add(f"{name}.eml", data, f"Attachment: {name}")


def _is_emlx(head: bytes) -> bool:
    counted = _EMLX.match(head)
    return counted is not None and is_message(head[counted.end() :])


_FIELD = re.compile(rb"[!-9;-~]{1,76}:(?:[ \t]|\r?$)")
_SENDER = re.compile(rb"^(?:from|sender|return-path|received|delivered-to):", re.IGNORECASE | re.MULTILINE)
_MAILED = re.compile(rb"^(?:message-id|mime-version|received|x-[\w-]+):", re.IGNORECASE | re.MULTILINE)


def is_message(head: bytes) -> bool:
    """Whether a file begins with the headers of a mail."""
    headers = re.split(rb"\r?\n\r?\n", head, maxsplit=1)[0]
    lines = [line for line in headers.splitlines()[:50] if line[:1] not in (b" ", b"\t")][:-1]
    return (
        len(lines) >= 2
        and all(_FIELD.match(line) for line in lines)
        and _SENDER.search(headers) is not None
        and _MAILED.search(headers) is not None
    )


FORMAT = Format(
    "a mail message",
    (".eml", ".emlx", ".mht", ".mhtml"),
    read,
    begins=lambda head: is_message(head) or _is_emlx(head),
    by_name=True,
    keeps=(
        "Subject, sender, recipients, date and body (the plain text, if there is an HTML version too); attachments "
        "and attached messages, each read by its own reader."
    ),
    leaves_out=(
        "Other headers, images, signatures and encrypted bodies. Attachments that cannot be read are listed in a "
        "warning."
    ),
)
