"""Work messages of the moves of stores to other spaces (`reactions/moving.py`)."""

from __future__ import annotations

from dataclasses import dataclass

from vectorlog.work.cause import FromRequest


@dataclass(frozen=True, slots=True)
class MoveVectors(FromRequest):
    """Have the files of a store embedded for the space that it moves to, a few at a time, and switch it in the end.

    Attributes:
        number, attempt: of the move. If it has ended or was begun again, nothing is done.
        after: the sort key of the last file that was opened; None at the end of the list.
        waiting: files that are being ingested for the move.
        files, chunks: how many serve that are embedded for it.
        left: how many files could not be embedded for it, and `named` some of them.
    """

    store: str
    number: int
    attempt: int
    after: str | None = ""
    waiting: tuple[str, ...] = ()
    files: int = 0
    chunks: int = 0
    left: int = 0
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PurgeVectors(FromRequest):
    """Remove the chunks of a store in a space that it has left. `times` is how often that is done already, or -1 while
    searches may still use them.
    """

    store: str
    model: str
    dimensions: int
    times: int = -1
