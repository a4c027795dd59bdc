"""Takes mail messages apart. Every step is linear in the message's size, unlike the standard library's parser.

The standard library decodes headers, names and bodies; this module finds them, and bounds what it is given.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

from vectorlog.ingest.encoding.decoding import Decoded, decoded
from vectorlog.ingest.formats.encodings import decode

LONGEST_HEADER = 10_000
"""Bytes of a header that are kept: decoding one is quadratic."""
MOST_LEVELS = 20
"""How deep parts may lie inside each other. Mail programs need about five."""
_KEPT = frozenset(
    b"subject from to cc bcc date message-id mime-version content-type content-transfer-encoding content-disposition "
    b"content-id content-location received return-path".split()
)
_HEAD_END = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_FOLD = re.compile(r"\s*[\r\n]+\s*")


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or a part of one: its headers and the bytes after them, not decoded."""

    headers: Message
    body: bytes
    cut: bool = False
    """Whether a header was too long to be kept in full."""

    @property
    def media_type(self) -> str:
        """Such as `text/plain`, in lower case."""
        return self.headers.get_content_type()

    @property
    def filename(self) -> str:
        """The name of an attachment; empty without one."""
        return " ".join(_decoded(self.headers.get_filename() or "").split())

    @property
    def attached(self) -> bool:
        """Whether it is meant to be saved, rather than shown as a part of the text."""
        return self.headers.get_content_disposition() == "attachment" or bool(self.filename)

    def header(self, name: str) -> str:
        """Returns a header on one line; empty without one."""
        return _FOLD.sub(" ", _decoded(str(self.headers.get(name, "")))).strip()

    def content(self) -> bytes:
        """Returns the body without the encoding for its way through the mail."""
        encoding = str(self.headers.get("content-transfer-encoding", "")).strip().lower()
        if encoding == "base64":
            return _base64(self.body)
        return quopri.decodestring(self.body) if encoding == "quoted-printable" else self.body

    def text(self) -> Decoded:
        """Returns the content as text. Mail often declares the wrong encoding, so the bytes have the last word.

        Raises:
            Unreadable: it is no text.
        """
        return decoded(self.content(), says=self.headers.get_content_charset(), declares=self.media_type == "text/html")

    def parts(self) -> Iterator[Part]:
        """Yields the parts of a body of several parts."""
        boundary = self.headers.get_boundary()
        if boundary:
            sign = re.escape(boundary.encode("utf-8", "surrogateescape"))
            mark = re.compile(rb"(?:\A|\r?\n|\r)--" + sign + rb"(--)?")
            start: int | None = None
            for match in mark.finditer(self.body):
                if start is not None:
                    yield parsed(self.body[start : match.start()])
                if match[1]:
                    return
                start = _LINE.match(self.body, match.end()).end()  # type: ignore[union-attr]  # it matches everywhere
            if start is not None:  # the message was cut short
                yield parsed(self.body[start:])


def parsed(data: bytes) -> Part:
    """Returns a message, or a part of one."""
    end = _HEAD_END.search(data)
    begins_with_body = data[:1] in (b"\n", b"\r")
    head, body = (data[: end.start()], data[end.end() :]) if end else (data, b"")
    if begins_with_body:
        head, body = b"", data.lstrip(b"\r\n")
    headers, cut, name, value = Message(), False, b"", bytearray()
    for line in [*head.splitlines(keepends=True), b"end:"]:
        if line[:1] in b" \t" and name:
            cut |= name in _KEPT and len(value) + len(line) > LONGEST_HEADER
            value += line[: max(0, LONGEST_HEADER - len(value))]
            continue
        if name in _KEPT and name.decode() not in headers:
            headers[name.decode()] = _as_header(bytes(value))
        found, _, rest = line.partition(b":")
        name, value = found.strip().lower(), bytearray(rest[:LONGEST_HEADER])
        cut |= name in _KEPT and len(rest) > LONGEST_HEADER
    return Part(headers, body, cut)


def _as_header(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = decode(value) if value.strip() else ""
    return _FOLD.sub(" ", text).strip()


def _decoded(value: str) -> str:
    """Decodes the encoded words of a header, each by itself: a wrong one stays as it is."""
    if "=?" not in value:
        return value
    try:
        words = decode_header(value)
    except (HeaderParseError, ValueError):
        return value
    return "".join(word if isinstance(word, str) else _word(word, charset) for word, charset in words)


def _word(word: bytes, charset: str | None) -> str:
    try:
        return word.decode(charset or "ascii")
    except (LookupError, UnicodeError):
        return word.decode("utf-8", "replace")


def _base64(data: bytes) -> bytes:
    """Decodes base64 up to where it is damaged."""
    try:
        return base64.b64decode(data)
    except binascii.Error:
        clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
        return base64.b64decode(clean[: len(clean) // 4 * 4])
