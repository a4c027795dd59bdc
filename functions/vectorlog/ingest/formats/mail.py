"""Mail: a message, or a folder of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable
from vectorlog.ingest.formats import plain
from vectorlog.ingest.formats.alternatives import chosen
from vectorlog.ingest.formats.encodings import tell
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.mail_message import LONGEST_HEADER, MOST_LEVELS, Part, parsed
from vectorlog.ingest.formats.web import markdown
from vectorlog.ingest.formats.web_depth import bare
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

    If the body is both plain text and HTML, it reads the one that says more. A file without the headers of a mail is
    read as plain text.
    """
    data = path.read_bytes()
    counted = _EMLX.match(data)  # Apple's .emlx: the message's size, the message, and a property list
    if counted:
        data = data[counted.end() : counted.end() + int(counted[1])]
    if not has_headers(data):
        return plain.read(path)
    data = data.lstrip()  # of a mail that begins with an empty line, everything would be the body
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
    """Yields of several forms of a text the plain one, the rich one (HTML), or both; and what is attached."""
    forms = list(part.parts())
    plain_form = next((each for each in forms if each.media_type == "text/plain" and each.body.strip()), None)
    rich = next((each for each in reversed(forms) if _is_rich(each)), None)
    if rich is None and plain_form is None:
        rich = next((each for each in reversed(forms) if each.media_type.startswith("text/")), None)
    choice = chosen(_said(plain_form, level), _said(rich, level))
    shown = [each for each, is_read in ((plain_form, choice.plain), (rich, choice.rich)) if is_read]
    for each in forms:
        if any(each is one for one in shown) or not each.media_type.startswith(("text/", "multipart/")):
            yield from _documents(each, level + 1, inside)
        elif each.media_type.startswith("multipart/"):
            yield from (one for one in _documents(each, level + 1, inside) if one.attached)
        elif each is not plain_form and not _is_rich(each) and each.body.strip():
            inside.leave_out(each.media_type, "It comes beside the text of the mail.")


def _is_rich(part: Part) -> bool:
    return part.media_type == "text/html" or part.media_type.startswith("multipart/")


def _said(part: Part | None, level: int) -> str:
    """Returns the words of one form of a mail: of all texts in it, whichever of them are read."""
    if part is None or part.attached or level >= MOST_LEVELS:
        return ""
    if part.media_type.startswith("multipart/"):
        return "\n".join(_said(each, level + 1) for each in part.parts())
    if not part.media_type.startswith("text/"):
        return ""
    try:
        text = part.text().text
    except Unreadable:  # which is told where it is read
        return ""
    return bare(text) if part.media_type == "text/html" else text


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
    else:
        _write_text(part, doc, inside)


def _write_text(part: Part, doc: DocumentBuilder, inside: Inside) -> None:
    try:
        found = part.text()
    except Unreadable as error:
        inside.leave_out("message", str(error))
        return
    tell(doc, found)
    if part.media_type == "text/html":
        doc.markdown(markdown(found.text))
    else:
        doc.plain(found.text)


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


def has_headers(data: bytes) -> bool:
    """Whether a file that is named as a mail begins with headers, one of which mails have."""
    begin = data[:_HEAD].lstrip()
    headers = re.split(rb"\r?\n[ \t]*\r?\n|\r\r", begin, maxsplit=1)[0]
    first = headers.splitlines()[:1]
    return bool(first) and _FIELD.match(first[0]) is not None and _OF_MAIL.search(headers) is not None


_HEAD = 1 << 16
_OF_MAIL = re.compile(
    rb"^(?:from|to|cc|bcc|sender|subject|date|received|return-path|delivered-to|message-id|mime-version|content-type"
    rb"|content-transfer-encoding|reply-to|x-[\w-]+):",
    re.IGNORECASE | re.MULTILINE,
)
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
        "Subject, sender, recipients, date and body; if there are a plain text and an HTML version, the one that says "
        "more, or both if each says something else. Attachments and attached messages, each read by its own reader. A "
        "file without the headers of a mail is read as plain text."
    ),
    leaves_out=(
        "Other headers, calendar entries, images, signatures and encrypted bodies. Attachments that cannot be read "
        "are listed in a warning."
    ),
)
