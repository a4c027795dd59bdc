"""The properties of an Outlook message, in the streams of an OLE file (MS-OXMSG)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from vectorlog.ingest.formats.encodings import decode

if TYPE_CHECKING:
    from olefile import OleFileIO  # type: ignore[import-untyped]

_UNICODE, _BYTES, _BINARY, _TIME, _LONG = "001F", "001E", "0102", 0x0040, 0x0003
_SUBJECT, _BODY, _HTML, _RTF = "0037", "1000", "1013", "1009"
_SENDER, _SENDER_ADDRESS, _SENDER_SMTP = "0C1A", "0C1F", "5D01"
_TO, _CC = "0E04", "0E03"
_NAME, _LONG_NAME, _DATA, _DISPLAY = "3704", "3707", "3701", "3001"
_CODE_PAGES = (0x3FDE, 0x3FFD)
"""The properties that hold a message's code page: of its body, of its other texts."""
_SENT = (0x0039, 0x0E06)
_START = 0x0060
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_MOST_DEPTH = 5
_WINDOWS = {20127: "ascii", 28591: "latin-1", 65001: "utf-8", 54936: "gb18030", 20866: "koi8-r", 21866: "koi8-u"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment: a file, or a message."""

    name: str
    data: bytes = b""
    message: Message | None = None


class Message:
    """A message in a storage of an OLE file; `prefix` is the storage's path, and `storages` are all by their path."""

    def __init__(
        self, ole: OleFileIO, storages: Mapping[tuple[str, ...], Sequence[str]], prefix: tuple[str, ...] = ()
    ) -> None:
        self._ole = ole
        self._prefix = prefix
        self._all = storages
        self._storages = storages.get(prefix, ())
        self._fixed = self._properties(32 if not prefix else 24)
        self._encoding = next((_encoding(page) for each in _CODE_PAGES if (page := self._fixed.get(each))), "")

    @property
    def subject(self) -> str:
        """The subject."""
        return self._text(_SUBJECT)

    @property
    def body(self) -> str:
        """The body as plain text; from RTF if there is no other."""
        text = self._text(_BODY)
        if text.strip() or self._has(_HTML):
            return text
        packed = self._stream(_RTF + _BINARY)
        return _rtf(packed) if packed else ""

    @property
    def html(self) -> str:
        """The body as HTML; empty if there is none."""
        data = self._stream(_HTML + _BINARY)
        if data is not None:
            return decode(data, declares=True)
        return self._text(_HTML)

    def headers(self) -> Iterator[tuple[str, str]]:
        """Yields the names and values that a mail program shows over the body."""
        address = self._text(_SENDER_SMTP) or self._text(_SENDER_ADDRESS)
        sender = self._text(_SENDER)
        yield "Subject", self.subject
        yield "From", f"{sender} <{address}>" if "@" in address and address != sender else sender
        yield "To", self._text(_TO)
        yield "Cc", self._text(_CC)
        moment = next((self._fixed[each] for each in _SENT if self._fixed.get(each)), 0)
        try:
            yield "Date", str(_EPOCH + timedelta(microseconds=moment // 10))[:19] if moment else ""
        except OverflowError:
            yield "Date", ""

    def attachments(self) -> Iterator[Attachment]:
        """Yields the attachments, in order."""
        for storage in self._storages:
            if not storage.startswith("__attach"):
                continue
            inner = Message(self._ole, self._all, (*self._prefix, storage))
            name = inner._text(_LONG_NAME) or inner._text(_NAME) or inner._text(_DISPLAY) or "attachment"
            data = inner._stream(_DATA + _BINARY)
            embedded = f"__substg1.0_{_DATA}000D"
            if data is not None:
                yield Attachment(name, data)
            elif embedded in inner._storages and len(self._prefix) < 2 * _MOST_DEPTH:
                yield Attachment(name, message=Message(self._ole, self._all, (*inner._prefix, embedded)))
            else:
                yield Attachment(name)

    def _has(self, property_: str) -> bool:
        return any(
            self._ole.exists([*self._prefix, f"__substg1.0_{property_}{kind}"]) for kind in (_UNICODE, _BYTES, _BINARY)
        )

    def _stream(self, name: str) -> bytes | None:
        path = [*self._prefix, f"__substg1.0_{name}"]
        if not self._ole.exists(path) or self._ole.get_type(path) != 2:
            return None
        data: bytes = self._ole.openstream(path).read()
        return data

    def _text(self, property_: str) -> str:
        data = self._stream(property_ + _UNICODE)
        if data is not None:
            return data.decode("utf-16-le", "replace").rstrip("\0")
        data = self._stream(property_ + _BYTES)
        if data is None:
            return ""
        data = data.rstrip(b"\0")
        try:
            return data.decode(self._encoding) if self._encoding else decode(data)
        except (LookupError, UnicodeDecodeError):
            return decode(data) if data else ""

    def _properties(self, header: int) -> dict[int, int]:
        """Returns the properties of fixed length: whole numbers, and times in steps of 100 ns since 1601."""
        path = [*self._prefix, "__properties_version1.0"]
        if not self._ole.exists(path):
            return {}
        data = self._ole.openstream(path).read()
        found = {}
        for at in range(header, len(data) - 15, 16):
            kind, property_ = (
                int.from_bytes(data[at : at + 2], "little"),
                int.from_bytes(data[at + 2 : at + 4], "little"),
            )
            if kind in (_LONG, _TIME):
                found[property_] = int.from_bytes(data[at + 8 : at + (12 if kind == _LONG else 16)], "little")
        return found


@contextmanager
def opened(path: Path) -> Iterator[Message]:
    """Yields the message in a file, and closes the file."""
    from olefile import OleFileIO

    with OleFileIO(str(path)) as ole:
        yield Message(ole, _storages(ole))


def _storages(ole: OleFileIO) -> dict[tuple[str, ...], list[str]]:
    """Returns the names of the storages in each storage, in order."""
    found: dict[tuple[str, ...], list[str]] = {}
    for each in ole.listdir(streams=False, storages=True):
        found.setdefault(tuple(each[:-1]), []).append(each[-1])
    for names in found.values():
        names.sort()
    return found


def _encoding(page: int) -> str:
    return _WINDOWS.get(page, f"cp{page}")


def _rtf(packed: bytes) -> str:
    from compressed_rtf import decompress  # type: ignore[import-untyped]

    from vectorlog.ingest.formats.rich_text import read_rtf

    return read_rtf(decompress(packed)).text
