"""Mail: every text that a mail program shows, and the documents that are attached."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Callable
from email.message import EmailMessage

import docx
import pytest

from vectorlog.ingest.document import Text

Read = Callable[[bytes, str], Text]


def _mail(subject: str, body: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "Ann <a@example.org>", "b@example.org"
    message.set_content(body)
    return message


def _word(text: str) -> bytes:
    document, out = docx.Document(), io.BytesIO()
    document.add_paragraph(text)
    document.save(out)
    return out.getvalue()


def test_an_attached_document(read: Read) -> None:
    """An attachment is read by the reader of its own format, under its name."""
    message = _mail("Offer", "See below.")
    message.add_attachment(_word("Ninety lanterns"), maintype="application", subtype="octet-stream", filename="o.docx")
    text = read(bytes(message), "a.eml")
    assert text.title == "Offer"
    assert text.text.endswith("See below.\n\n\n# Attachment: o.docx\n\nNinety lanterns")


def test_an_empty_line_before_the_headers(read: Read) -> None:
    """It does not make headers and the source of attachments the text."""
    message = _mail("Offer", "See below.")
    message.add_attachment(_word("Ninety lanterns"), maintype="application", subtype="octet-stream", filename="o.docx")
    assert read(b"\r\n" + bytes(message), "a.eml").text == read(bytes(message), "a.eml").text


def test_an_attachment_that_cannot_be_read(read: Read) -> None:
    """It is named in the text, and a warning says that it is left out."""
    message = _mail("Photo", "See below.")
    message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="yard.png")
    text = read(bytes(message), "a.eml")
    assert "Attachment: yard.png" in text.text
    [warning] = text.warnings
    assert (warning.code, warning.where) == ("left_out", "yard.png")
    assert "an image" in warning.message


@pytest.mark.parametrize("encoded", [False, True])
def test_a_mail_in_a_mail(read: Read, encoded: bool) -> None:
    """A forwarded mail is read, also if its bytes are in base64, as Exchange sends it."""
    inner = bytes(_mail("Crane", "The crane is repaired."))
    body = base64.encodebytes(inner) if encoded else inner
    data = (
        b"Subject: Fwd\r\nFrom: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
        b"--x\r\n\r\nSee below.\r\n--x\r\nContent-Type: message/rfc822\r\n"
        + (b"Content-Transfer-Encoding: base64\r\n" if encoded else b"")
        + b"\r\n"
        + body
        + b"\r\n--x--\r\n"
    )
    text = read(data, "a.eml").text
    assert "See below." in text
    assert "Subject: Crane" in text
    assert "The crane is repaired." in text


def test_a_mail_without_a_name(read: Read) -> None:
    """A mail is known by its headers, whatever its file is called."""
    text = read(bytes(_mail("Grüße", "größer")), "saved.txt").text
    assert "Subject: Grüße" in text
    assert "größer" in text


@pytest.mark.parametrize(
    "header",
    [
        "Grüße aus Köln".encode(),
        "Grüße aus Köln".encode("cp1252"),
        b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?Q?_aus_K=C3=B6ln?=",
        b"=?iso-8859-1?B?R3L83GU=?= aus K=?x-unknown?Q?=C3=B6?=ln".replace(b"83GU", b"833l"),
    ],
)
def test_encodings_of_headers(read: Read, header: bytes) -> None:
    """A subject is read whether it is encoded as it should be, or in raw bytes."""
    data = b"From: a@example.org\r\nSubject: " + header + b"\r\nMIME-Version: 1.0\r\n\r\nText"
    assert "aus K" in read(data, "a.eml").title


def test_apple_mail(read: Read) -> None:
    """Apple's .emlx is the mail alone, without the property list behind it."""
    mail = bytes(_mail("Crane", "The crane is repaired."))
    data = str(len(mail)).encode() + b"      \n" + mail + b"<?xml version='1.0'?><plist><string>flags</string></plist>"
    for name in ("1.emlx", "1.partial.emlx", "saved"):
        text = read(data, name)
        assert (text.title, "plist" in text.text) == ("Crane", False)


def test_a_folder(read: Read) -> None:
    """The mails of a folder are read one after the other, decoded, each under its subject."""
    first, second = _mail("Crane", "The crane is repaired.\n\nFrom here on it works."), _mail("Ferry", "für Åland")
    folder = b"".join(
        b"From a@example.org Mon Jan  5 09:00:00 2026\n" + bytes(each).replace(b"\nFrom here", b"\n>From here") + b"\n"
        for each in (first, second)
    )
    for name in ("archive.mbox", "Inbox"):
        text = read(folder, name)
        assert text.title == ""
        assert [each.title for each in text.blocks if each.title] == ["Crane", "Ferry"]
        assert "\nFrom here on it works." in text.text
        assert "für Åland" in text.text


@pytest.mark.parametrize(
    "header",
    [
        b"To: " + b"yard@example.org, " * 200_000,
        b"To: " + b"(" * 800_000,
        b"Subject: " + b"=?utf-8?Q?=C3=BC?= " * 100_000,
        b'Content-Type: text/plain; x="' + b";" * 800_000,
        b"Content-Type: text/plain" + b"; a=b" * 200_000,
        b"To: a\r\n" + b" b,\r\n" * 200_000,
        b"X-A: b\r\n" * 100_000,
    ],
    ids=lambda header: repr(header[:20]),
)
def test_long_headers(read: Read, header: bytes) -> None:
    """A mail with any long header is read within two seconds of CPU; what is cut is told."""
    begun = time.process_time()
    text = read(header.rstrip(b"\r\n") + b"\r\nFrom: a@example.org\r\n\r\nThe crane is repaired.", "a.eml")
    assert time.process_time() - begun < 2
    assert "The crane is repaired." in text.text
    assert [each.code for each in text.warnings] == ([] if header.startswith(b"X-A") else ["truncated"])


def test_deeply_nested_parts(read: Read) -> None:
    """Parts in parts in parts are read down to a limit, and then told."""
    head = b"".join(
        b"Content-Type: multipart/mixed; boundary=x%d\r\n\r\n--x%d\r\n" % (level, level) for level in range(5_000)
    )
    begun = time.process_time()
    text = read(b"Subject: Depths\r\n" + head + b"\r\ndeep" * 50_000, "a.eml")
    assert time.process_time() - begun < 2
    assert [each.code for each in text.warnings] == ["left_out"]


def _alternative(*forms: tuple[str, str]) -> bytes:
    parts = "".join(f"--b\nContent-Type: {kind}; charset=utf-8\n\n{text}\n" for kind, text in forms)
    return f"From: a@b.c\nSubject: s\nContent-Type: multipart/alternative; boundary=b\n\n{parts}--b--\n".encode()


class TestAlternatives:
    @pytest.mark.parametrize(
        ("plain", "html", "has", "lacks"),
        [
            ("Please view in HTML", "<p>Your order 4711 costs 12.50 EUR.</p>", ["4711", "12.50"], ["view in"]),
            (
                "The meeting is on Monday at nine.",
                "<p>The <b>meeting</b> is on Monday at nine.</p>",
                ["at nine"],
                ["**"],
            ),
            ("Order placed.", "<table><tr><td>Valve</td><td>99 EUR</td></tr></table>", ["Valve", "99 EUR"], []),
            (
                "The pump has to be inspected after four hundred hours, and its seal replaced by an operator, who "
                "then writes down pressure, date, temperature, name and remarks in the book beside it.",
                "<p>Die Pumpe ist alle vierhundert Stunden zu prüfen.</p>",
                ["four hundred hours", "vierhundert Stunden"],
                [],
            ),
        ],
    )
    def test_the_form_that_says_more(self, plain: str, html: str, has: list[str], lacks: list[str], read: Read) -> None:
        """Nothing is lost because a mail has two forms, and nothing is there twice."""
        text = read(_alternative(("text/plain", plain), ("text/html", html)), "a.eml").text
        assert all(each in text for each in has)
        assert not any(each in text for each in lacks)
        assert text.count("at nine") <= 1

    def test_a_calendar_beside_the_text_is_told(self, read: Read) -> None:
        """An invitation is left out with a warning."""
        forms = (("text/plain", "Come on Monday"), ("text/calendar", "BEGIN:VCALENDAR"))
        assert [each.code for each in read(_alternative(*forms), "a.eml").warnings] == ["left_out"]

    def test_signs_in_a_body(self, read: Read) -> None:
        """A body with a wrong charset is read by its bytes, and told."""
        found = read(b"From: a@b.c\nSubject: s\nContent-Type: text/plain; charset=utf-8\n\nIt is 20 \xb0C\n", "a.eml")
        assert "20 °C" in found.text
        assert [each.code for each in found.warnings] == ["encoding_guessed"]


def test_a_folder_with_a_mark_and_text_before_its_messages(read: Read) -> None:
    """A byte order mark loses no message, and what stands before the first one is text."""
    message = b"From a Mon Jan  1 00:00:00 2024\nFrom: a@b.c\nSubject: One\n\nfirst body\n"
    assert "first body" in read(b"\xef\xbb\xbf" + message, "a.mbox").text
    assert "before it" in read(b"before it\n\n" + message, "a.mbox").text
