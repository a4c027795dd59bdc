"""Text recognition (OCR): the port, and the recognizer that reads the pictures of a file, if it is switched on.

It is off unless the server was started with `--ocr`. A format asks `active()`, and says `HOW` where that is None.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Protocol

from vectorlog.ingest.builder import DocumentBuilder

HOW = (
    "Start the server with --ocr (local edition) to have text in pictures recognized, or run text recognition (OCR) on "
    "it and upload the result."
)
"""What to do where a picture would have to be read."""
_LEAST_CONFIDENCE = 0.5
"""Lines that are less certain are mostly no text but lines of a drawing."""


class OcrMissing(Exception):
    """The library that recognizes text is not installed; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image: its size in pixels, and three bytes (red, green, blue) for each, row by row."""

    width: int
    height: int
    rgb: bytes


@dataclass(frozen=True, slots=True)
class Recognized:
    """A piece of text in a picture: its edges in pixels from the picture's top left corner, and how certain it is (0 to
    1).
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float


class Recognizer(Protocol):
    """Finds the text in pictures."""

    def recognize(self, picture: Picture) -> Sequence[Recognized]:
        """Returns the pieces of text in a picture, in any order; none if there are none."""
        ...


@dataclass(slots=True)
class Recognition:
    """Recognizes the text of one file's pictures, and counts.

    Args:
        recognizer: what does it.
        seconds: of CPU time that the file's pictures may take together. The last one begins before they are over.
        timer: the CPU time of this process, in seconds.
        allow: gives this process more seconds of CPU time; or takes them back, if there are less than 0.
    """

    recognizer: Recognizer
    seconds: float
    timer: Callable[[], float] = time.process_time
    allow: Callable[[int], None] = lambda _: None
    recognized: int = 0
    """How many pictures had text."""
    skipped: int = 0
    """How many pictures were not looked at, because the time was over."""
    _used: float = field(default=0.0)

    @property
    def is_over(self) -> bool:
        """Whether the time is over, so that `read` looks at no more pictures."""
        return self._used >= self.seconds

    @property
    def limit(self) -> str:
        """What is said about pages that were not looked at because the time was over."""
        return f"Recognizing the text of a file may take {self.seconds:.0f} s of CPU time. Split the file."

    def read(self, picture: Callable[[], Picture]) -> list[Recognized]:
        """Returns the text in a picture, which is made only if there is time left; empty if there is none."""
        if self.is_over:
            self.skipped += 1
            return []
        most, begun = math.ceil(self.seconds), self.timer()
        self.allow(most)
        try:
            pieces = self.recognizer.recognize(picture())
        finally:
            used = self.timer() - begun
            self.allow(math.ceil(used) - most)
            self._used += used
        found = [each for each in pieces if each.confidence >= _LEAST_CONFIDENCE and each.text.strip()]
        self.recognized += bool(found)
        return found

    def tell(self, doc: DocumentBuilder, where: str = "") -> None:
        """Adds the warnings about what was recognized, and begins to count anew."""
        if self.recognized:
            doc.warn(
                "text_recognized",
                "Text was recognized in pictures (OCR). Letters, numbers and the order of lines may be wrong.",
                where,
            )
        if self.skipped:
            doc.warn("truncated", f"{self.skipped} pages were not read. {self.limit}")
        self.recognized = self.skipped = 0


_active: ContextVar[Recognition | None] = ContextVar("recognition", default=None)


def active() -> Recognition | None:
    """Returns the recognition for the file that is being read; None if it is off."""
    return _active.get()


@contextmanager
def switched_on(recognition: Recognition | None) -> Iterator[None]:
    """Recognizes text in the files that are read within; None leaves it off."""
    token = _active.set(recognition)
    try:
        yield
    finally:
        _active.reset(token)
