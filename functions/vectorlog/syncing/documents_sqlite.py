"""Points put together to documents, in a temporary database, so that a large collection needs no memory."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vectorlog.syncing.points import Layout, Point, place_of


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its name, or the id of its only point; whether it has a name; and its points in order."""

    key: str
    named: bool
    points: tuple[Point, ...]


class Documents:
    """The documents of a collection. Made by `documents`."""

    def __init__(self, database: sqlite3.Connection, layout: Layout) -> None:
        self._database = database
        self._layout = layout
        self.without_text = 0
        database.execute(
            "CREATE TABLE points (n INTEGER PRIMARY KEY, document TEXT, named INTEGER, page REAL, place REAL, id TEXT,"
            " text TEXT, vals TEXT)"
        )

    def add(self, point: Point) -> None:
        """Adds a point; one without text is only counted."""
        if not point.text.strip():
            self.without_text += 1
            return
        document = self._layout.document_of(point)
        self._database.execute(
            "INSERT INTO points (document, named, page, place, id, text, vals) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                _storable(point.id if document is None else document),
                document is not None,
                *place_of(point),
                _storable(point.id),
                _storable(point.text),
                json.dumps(dict(point.values)),
            ),
        )

    def listed(self) -> list[tuple[str, bool]]:
        """The documents' keys, and whether these are names, in the order of their first points."""
        self._database.execute("CREATE INDEX IF NOT EXISTS by_document ON points (document, named, page, place)")
        query = "SELECT document, named FROM points GROUP BY document, named ORDER BY min(n)"
        return [(key, bool(named)) for key, named in self._database.execute(query)]

    def document(self, key: str, *, named: bool) -> Document:
        """A document with its points."""
        query = "SELECT id, text, vals FROM points WHERE document = ? AND named = ? ORDER BY page, place, n"
        rows = self._database.execute(query, (key, named))
        return Document(key, named, tuple(Point(id, text, json.loads(values)) for id, text, values in rows))


@contextmanager
def documents(layout: Layout) -> Iterator[Documents]:
    """Yields an empty collection, which is gone at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="vectorlog-pull-") as folder:
        database = sqlite3.connect(Path(folder) / "points", isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = OFF")
            database.execute("PRAGMA synchronous = OFF")
            yield Documents(database, layout)
        finally:
            database.close()


def _storable(text: str) -> str:
    """A text without the halves of characters that JSON may have, which SQLite refuses."""
    return text.encode(errors="replace").decode()
