"""What reading a file gives: its text, where its pages begin, and where its chunks lie; and the port of what reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Text:
    """Extracted text; `pages` are the character offsets at which its pages (slides, sheets) begin, empty where it has
    none.
    """

    text: str
    pages: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk: characters `start` to `end` of the text, which are exactly `tokens` cl100k_base tokens."""

    start: int
    end: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read and cut into chunks."""

    text: str
    pages: tuple[int, ...]
    spans: tuple[Span, ...]


class Unreadable(Exception):
    """The file itself is the cause, and trying again will not help.

    Attributes:
        code: `unsupported_file` (this kind of file is not read) or `invalid_file` (this one is damaged, empty, locked
            or too large).
    The message is a sentence for the user that names the cause and the remedy.
    """

    def __init__(self, code: Literal["unsupported_file", "invalid_file"], message: str) -> None:
        super().__init__(message)
        self.code: Literal["unsupported_file", "invalid_file"] = code


class ReaderCrashed(Exception):
    """The child process that read the file died or ran past a limit; the message says which. Worth one more try."""


class Reader(Protocol):
    """Reads a file into chunks without endangering this process."""

    def read(self, path: Path, filename: str, max_tokens: int, overlap: int) -> Document:
        """The file's text and chunks.

        Raises:
            Unreadable: the file is the cause.
            ReaderCrashed: the reader died of it.
        """
        ...
