"""Mail messages, appointments, contacts and tasks that Outlook saved (msg)."""

from __future__ import annotations

from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.alternatives import chosen
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.office.message import Message, opened
from vectorlog.ingest.formats.web import markdown
from vectorlog.ingest.inside import Inside, allowance


def read(path: Path) -> Text:
    """Reads subject, sender, recipients, date, body and attachments, each by the reader of its kind."""
    document = DocumentBuilder()
    with opened(path) as message, allowance(path.stat().st_size) as left:
        document.title = message.subject
        inside = Inside(document, left)
        _write(message, document, inside)
        inside.finish()
    return document.build()


def _write(message: Message, document: DocumentBuilder, inside: Inside) -> None:
    document.paragraph("\n".join(f"{name}: {value}" for name, value in message.headers() if value))
    html, body = message.html, message.body
    rich = markdown(html) if html else ""
    forms = chosen(body, rich)
    if forms.plain:
        document.paragraph(body)
    if forms.rich:
        document.markdown(rich)
    for attachment in message.attachments():
        if attachment.message is not None:
            document.heading(1, f"Attachment: {attachment.name}", given=True)
            _write(attachment.message, document, inside)
        elif attachment.data:
            inside.add(attachment.name, attachment.data, f"Attachment: {attachment.name}")
        else:
            document.paragraph(f"Attachment: {attachment.name}", given=True)


FORMAT = Format(
    "an Outlook message",
    (".msg", ".oft"),
    read,
    ole_streams=("__properties_version1.0",),
    keeps=(
        "Subject, sender, recipients, date; the body as plain text or HTML, whichever says more; attachments, each by "
        "the reader of its kind."
    ),
    leaves_out="Images, and attachments of kinds that are not read, which are told.",
)
