"""Outlook messages are read with what is attached to them."""

from __future__ import annotations

from collections.abc import Callable

from tests.ingest.office_files import ole_file
from vectorlog.ingest.document import Text

Read = Callable[[bytes, str], Text]

_UNICODE, _BYTES, _BINARY = "001F", "001E", "0102"


def message(within: str = "", **properties: str) -> dict[str, bytes]:
    """The streams of a message: `p0037` is the property 0037, a subject."""
    streams = {f"{within}__properties_version1.0": bytes(32)}
    for name, value in properties.items():
        streams[f"{within}__substg1.0_{name[1:]}{_UNICODE}"] = value.encode("utf-16-le")
    return streams


def attachment(number: int, name: str, data: bytes) -> dict[str, bytes]:
    storage = f"__attach_version1.0_#{number:08}/"
    return {
        f"{storage}__properties_version1.0": bytes(8),
        f"{storage}__substg1.0_3707{_UNICODE}": name.encode("utf-16-le"),
        f"{storage}__substg1.0_3701{_BINARY}": data,
    }


def test_message(read: Read) -> None:
    """What a mail program shows over the body, and the body."""
    streams = message(
        p0037="Pump 7", p0C1A="Ada", p0C1F="ada@example.org", p0E04="Grace", p1000="It leaks.\r\nSince May."
    )
    text = read(ole_file(**streams), "a.msg")
    assert text.title == "Pump 7"
    assert text.text == "Subject: Pump 7\nFrom: Ada <ada@example.org>\nTo: Grace\n\nIt leaks.\nSince May."


def test_attachments(read: Read) -> None:
    """Each attachment is read by the reader of its kind; what cannot be read is told."""
    page = "<html><body><h1>Report</h1><p>The seal was worn.</p></body></html>".ljust(5000)
    streams = (
        message(p0037="Pump 7", p1000="See below.")
        | attachment(0, "notes.txt", ("The pressure fell to three bar. " * 200).encode())
        | attachment(1, "report.html", page.encode())
        | attachment(2, "photo.png", b"\x89PNG\r\n\x1a\n" + bytes(6000))
    )
    found = read(ole_file(**streams), "a.msg")
    for each in ("See below.", "Attachment: notes.txt", "three bar", "Attachment: report.html", "The seal was worn."):
        assert each in found.text
    assert "photo.png" in found.text
    assert any("photo.png" in f"{each.message} {each.where}" for each in found.warnings)
    assert "<p>" not in found.text


def test_html_body(read: Read) -> None:
    """A body that is HTML alone is read as such."""
    html = "<html><head><style>p {color: red}</style></head><body><p>Only <b>here</b>.</p></body></html>"
    streams = message(p0037="s") | {f"__substg1.0_1013{_BINARY}": html.ljust(4100).encode()}
    text = read(ole_file(**streams), "a.msg").text
    assert "Only **here**." in text
    assert "color" not in text
