"""Reads documents that lie inside another: a mail's attachments, the members of an archive, files in a PDF.

A document inside has the limits of the file that it came with, so that a small file cannot grow without bound.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text, Unreadable

MOST_DEPTH = 5
"""How many documents may lie inside each other: a PDF in a mail in an archive in an archive is at 3."""
MOST_DOCUMENTS = 2_000
"""How many documents inside a file are read."""
LEAST_BYTES = 8 << 20
BYTES_PER_BYTE = 100
"""The documents inside may have 8 MB and 100 bytes for each byte of the file. Text packs to a twentieth, logs to a
fiftieth; only what was made to grow packs better.
"""
_LIMIT = (
    f"at most {MOST_DOCUMENTS:,} documents inside a file are read, of {LEAST_BYTES >> 20} MB and {BYTES_PER_BYTE} "
    "times its size together."
)
NONE_READ = "None of the files in the archive can be read."
_IGNORED = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_LONGEST_NAMES = 80


@dataclass(slots=True)
class Allowance:
    """What the documents inside a file may still take."""

    bytes_left: int
    documents_left: int = MOST_DOCUMENTS
    depth: int = 0


_allowance: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


_filename: ContextVar[str] = ContextVar("filename", default="")


@contextmanager
def named(filename: str) -> Iterator[None]:
    """Notes the name of the file that is being read, for `filename`."""
    token = _filename.set(filename)
    try:
        yield
    finally:
        _filename.reset(token)


def filename() -> str:
    """Returns the name of the file that is being read; empty if it is not known."""
    return _filename.get()


@contextmanager
def allowance(size: int) -> Iterator[Allowance]:
    """Yields the allowance of the file that is being read; of a new one if it is `size` bytes that were uploaded."""
    current = _allowance.get()
    if current is not None:
        yield current
        return
    token = _allowance.set(Allowance(LEAST_BYTES + BYTES_PER_BYTE * size))
    try:
        yield _allowance.get() or Allowance(0)
    finally:
        _allowance.reset(token)


@dataclass(slots=True)
class Inside:
    """Writes the documents inside a file into its own, each under its name; `finish` tells which could not be read.

    Args:
        doc: the document of the file.
        allowance: of the file.
    """

    doc: DocumentBuilder
    allowance: Allowance
    read: int = 0
    """How many were read."""
    _unread: dict[str, list[str]] = field(default_factory=dict)
    """Names by the reason why they were not read."""
    _over: int = 0

    def add(self, name: str, data: bytes, title: str = "") -> None:
        """Reads a document and writes it under its title, which is its name if there is none."""
        if self._is_over(len(data)):
            self.skip()
            return
        try:
            self.doc.part(title or name, self._text(name, data))
            self.read += 1
        except Unreadable as error:
            self.doc.paragraph(title or name, given=True)
            self.leave_out(name, str(error))

    def text(self, name: str, data: bytes) -> Text | None:
        """Returns what a document says, for one that is shown as a piece of the text around it, and passes its warnings
        on; None if it is not read, which `finish` tells.
        """
        if self._is_over(len(data)):
            self.skip()
            return None
        try:
            text = self._text(name, data)
        except Unreadable as error:
            self.leave_out(name, str(error))
            return None
        self.doc.warn_of(name, text.warnings)
        return text

    def whole(self, name: str, data: bytes) -> Text:
        """Returns what a document says that is all that the file has.

        Raises:
            Unreadable: it cannot be read, or exceeds a limit.
        """
        if self._is_over(len(data)):
            raise Unreadable(
                "invalid_file", f"The file unpacks to too much: {_LIMIT} Unpack it and upload what is in it."
            )
        self.read += 1
        return self._text(name, data)

    @property
    def reason(self) -> str:
        """Why a document is not read, for a file none of whose documents is; empty if there is none."""
        if self._unread:
            reason, names = next(iter(self._unread.items()))
            return reason if reason.startswith(NONE_READ) else f"{_listed(names[:1])}: {reason}"
        return f"They are too many or too large: {_LIMIT}" if self._over else ""

    def skip(self) -> None:
        """Notes that a document is not read because of the limits."""
        self._over += 1

    def leave_out(self, name: str, reason: str) -> None:
        """Notes that a document is not read."""
        self._unread.setdefault(reason, []).append(name)

    def finish(self) -> None:
        """Adds the warnings."""
        for reason, names in self._unread.items():
            more = len(names) - 1
            others = f", and {more} more for the same reason" if more else ""
            self.doc.warn("left_out", f"A document inside the file is not read{others}. {reason}", _listed(names))
        if self._over:
            self.doc.warn(
                "truncated",
                f"{self._over} documents inside the file are not read: {_LIMIT} Unpack the file and upload them alone.",
            )

    def _is_over(self, size: int) -> bool:
        self.allowance.documents_left -= 1
        if self.allowance.documents_left < 0 or size > self.allowance.bytes_left:
            return True
        self.allowance.bytes_left -= size
        return False

    def _text(self, name: str, data: bytes) -> Text:
        from vectorlog.ingest.extract import extract  # which imports the formats, and these this module

        if self.allowance.depth >= MOST_DEPTH:
            raise Unreadable("invalid_file", f"It lies inside more than {MOST_DEPTH} other files, which is the limit.")
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            self.allowance.depth += 1
            try:
                return extract(Path(file.name), name)
            finally:
                self.allowance.depth -= 1


def is_ignored(name: str) -> bool:
    """Whether a program made this file beside the documents, for itself."""
    path = PurePosixPath(name)
    return path.name.lower() in _IGNORED or path.name.startswith("._") or "__MACOSX" in path.parts


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:10])
    return shown if len(shown) <= _LONGEST_NAMES else f"{shown[:_LONGEST_NAMES]}…"
