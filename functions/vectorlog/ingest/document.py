"""The result of reading a file (its text, pages and chunks), and the port of readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from vectorlog.domain.file_warning import FileWarning
from vectorlog.domain.location import Location
from vectorlog.ingest.blocks import Blocks, Table


@dataclass(frozen=True, slots=True)
class Text:
    """What a reader found in a file: one text, and marks over it. `DocumentBuilder` makes it.

    Attributes:
        pages: character offsets at which the pages, slides or sheets begin; empty for a format without pages.
        sheets: the names of the pages, if they are sheets.
        labels: what is printed on the pages as their number, such as `iv`; empty if they are numbered from 1.
        blocks: empty for a format that does not tell them apart.
        tables: in order; their rows are blocks.
        title: of the document; empty if it has none.
        warnings: what the user has to know of the reading.
    """

    text: str
    pages: tuple[int, ...] = ()
    sheets: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    blocks: Blocks = field(default_factory=Blocks)
    tables: tuple[Table, ...] = ()
    title: str = ""
    warnings: tuple[FileWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk: its passage is characters `start` up to `end` of the text, exactly `tokens` cl100k_base tokens.

    Attributes:
        before: the lead-in, which is shown before the passage.
        after: what is shown after it: the end of code that was cut.
    """

    start: int
    end: int
    tokens: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """What is embedded at once: characters `start` up to `end` of the text, with what is put before them."""

    start: int
    end: int
    before: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file's text, cut into chunks; `pages` as in `Text`.

    Attributes:
        windows: in order; each chunk is a run of them. Empty if the reader makes none.
        locations: of each chunk; empty if the reader does not tell them.
        title: of the document; empty if it has none.
        warnings: what the user has to know of the reading, as `bounded` returns them.
        language: the ISO 639-1 code of the text's language; empty if it is not certain.
    """

    text: str
    pages: tuple[int, ...]
    spans: tuple[Span, ...]
    locations: tuple[Location, ...] = ()
    title: str = ""
    warnings: tuple[FileWarning, ...] = ()
    language: str = ""
    windows: tuple[Window, ...] = ()

    def location(self, n: int) -> Location | None:
        """Returns the location of chunk `n`, if the reader told it."""
        return self.locations[n] if self.locations else None

    @property
    def digest(self) -> str:
        """16 hex digits that only a document with the same text, title and chunks has."""
        hashed = blake2b(self.text.encode(), digest_size=8)
        hashed.update(repr([(span.start, span.end, span.before, span.after) for span in self.spans]).encode())
        hashed.update(repr((self.title, [each.headings for each in self.locations])).encode())
        return hashed.hexdigest()


class Unreadable(Exception):
    """A file cannot be read because of its content or kind, so trying again will not help.

    The message is one or more sentences for the user that give the cause and the remedy.

    Attributes:
        code: `unsupported_file` (files of this kind cannot be read) or `invalid_file` (this file is damaged, empty,
            locked or too large).
    """

    def __init__(self, code: Literal["unsupported_file", "invalid_file"], message: str) -> None:
        super().__init__(message)
        self.code: Literal["unsupported_file", "invalid_file"] = code


class ReaderCrashed(Exception):
    """The process that read the file died or exceeded a limit; the message says which. Reading may be tried again.

    It is the file that did it: a reader that fails on any file is unavailable.
    """


class ReaderUnavailable(Exception):
    """No file can be read here now, whatever it holds. The message is part of a sentence: the cause and the remedy."""


class ReaderClosed(ReaderUnavailable):
    """The server is stopping, so nothing is read any more."""


class GaveWay(Exception):
    """Reading the file was stopped, because it took long and others waited."""


GiveWay: TypeAlias = Callable[[float], bool]
"""Is asked, with the number of seconds that a file has been read, whether reading it is to be stopped: first when that
begins, with 0.
"""


def never(seconds: float) -> bool:  # noqa: ARG001
    """Returns False."""
    return False


class Reader(Protocol):
    """Reads a file and cuts it into chunks, in such a way that a bad file cannot harm this process."""

    def read(
        self,
        path: Path,
        filename: str,
        max_tokens: int,
        overlap: int,
        give_way: GiveWay = never,
        *,
        by_windows: bool = False,
    ) -> Document:
        """Returns the file's text and chunks, of at most `max_tokens` tokens and with `overlap` tokens of overlap, and
        their windows if it is to be embedded `by_windows`.

        Raises:
            Unreadable: the file cannot be read.
            ReaderCrashed: the reading process died or exceeded a limit.
            ReaderUnavailable: it would do so with any file.
            GaveWay: `give_way` returned True.
        """
        ...
