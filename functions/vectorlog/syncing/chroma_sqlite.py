"""Chroma's folder: its texts and metadata are in an SQLite database, which is only read.

Versions from 0.4 on keep it in `chroma.sqlite3`. Later ones added columns and a table, which are read where they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from vectorlog.syncing.items import SourceUnusable
from vectorlog.syncing.points import Collection, Layout, Point

FILE = "chroma.sqlite3"
_DOCUMENT = "chroma:document"
_OWN = "chroma:"


class ChromaFolder:
    """The folder of a Chroma database, or its file `chroma.sqlite3`.

    Raises:
        SourceUnusable: it is none.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self._path = path / FILE if path.is_dir() else path
        self._layout = layout
        if not self._path.is_file():
            older = any((path / f"chroma-{each}.parquet").exists() for each in ("collections", "embeddings"))
            hint = "It is of a version before 0.4; chroma-migrate brings it up to date." if older else "Is it Chroma's?"
            raise SourceUnusable(f"There is no {FILE} in {path}. {hint}")

    def collections(self) -> Sequence[Collection]:
        """See `PointSource`."""
        with self._opened() as database:
            rows = self._rows(database, "SELECT id, name FROM collections ORDER BY name, id")
            columns = self._values(database, "collection_metadata")
            query = f"SELECT key, {columns} FROM collection_metadata WHERE collection_id = ?"
            return [
                Collection(id, name, {key: _value(values) for key, *values in self._rows(database, query, id)})
                for id, name in rows
            ]

    def points(self, collection: Collection) -> Iterator[Point]:
        """See `PointSource`."""
        with self._opened() as database:
            columns = self._values(database, "embedding_metadata", "m.")
            query = (
                f"SELECT e.id, e.embedding_id, m.key, {columns} FROM segments s"
                " JOIN embeddings e ON e.segment_id = s.id LEFT JOIN embedding_metadata m ON m.id = e.id"
                " WHERE s.collection = ? ORDER BY e.id"
            )
            lists = self._lists(database, collection.id)
            for (row, id), found in groupby(self._rows(database, query, collection.id), lambda each: each[:2]):
                values = {key: _value(rest) for _, _, key, *rest in found if key is not None} | lists.get(row, {})
                text = values.pop(_DOCUMENT, None)
                kept = {key: value for key, value in values.items() if not key.startswith(_OWN)}
                if isinstance(text, str) and text.strip() and not self._layout.text:
                    yield Point(id, text, {key: value for key, value in kept.items() if not key.startswith("_node_")})
                else:
                    yield self._layout.point(id, kept)

    def unread(self, collection: Collection) -> str:
        """See `PointSource`. Chroma writes to a queue first, and from there to its tables."""
        reached = (
            "SELECT m.seq_id FROM max_seq_id m JOIN segments s ON s.id = m.segment_id"
            " WHERE s.collection = ? AND s.scope = 'METADATA'"
        )
        queued = "SELECT count(*) FROM embeddings_queue WHERE topic LIKE '%' || ? AND seq_id > ?"
        with self._opened() as database:
            last = next((seq for (seq,) in self._rows(database, reached, collection.id)), 0)
            if isinstance(last, bytes):  # versions before 0.6: big-endian
                last = int.from_bytes(last, "big")
            [(waiting,)] = self._rows(database, queued, collection.id, last)
        if not waiting:
            return ""
        return (
            f"Writes that are still in Chroma's queue: {waiting}. Ask it for the collection's count(), and pull again"
        )

    def _opened(self) -> closing[sqlite3.Connection]:
        try:
            return closing(sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True, timeout=10))
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _rows(self, database: sqlite3.Connection, query: str, *given: object) -> Iterator[Any]:
        try:
            yield from database.execute(query, given)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: sqlite3.Error) -> SourceUnusable:
        return SourceUnusable(f"{self._path} cannot be read as a database of Chroma 0.4 or later: {error}")

    def _columns(self, database: sqlite3.Connection, table: str) -> set[str]:
        return {name for (name,) in self._rows(database, "SELECT name FROM pragma_table_info(?)", table)}

    def _values(self, database: sqlite3.Connection, table: str, prefix: str = "") -> str:
        """The columns of a value; versions before 0.4.9 have no booleans."""
        bools = f"{prefix}bool_value" if "bool_value" in self._columns(database, table) else "NULL"
        return f"{prefix}str_value, {prefix}int_value, {prefix}float_value, {bools}".replace(
            "str_value", "str_value" if table == "collection_metadata" else "string_value"
        )

    def _lists(self, database: sqlite3.Connection, collection: str) -> dict[int, dict[str, list[Any]]]:
        """Lists of a collection's metadata, by row and key; only the newest versions have them."""
        found: dict[int, dict[str, list[Any]]] = {}
        if self._columns(database, "embedding_metadata_array"):
            query = (
                "SELECT id, key, string_value, int_value, float_value, bool_value FROM embedding_metadata_array"
                " WHERE id IN (SELECT e.id FROM embeddings e JOIN segments s ON s.id = e.segment_id"
                " WHERE s.collection = ?) ORDER BY rowid"
            )
            for row, key, *values in self._rows(database, query, collection):
                found.setdefault(row, {}).setdefault(key, []).append(_value(values))
        return found


def _value(values: Sequence[Any]) -> Any:  # noqa: ANN401  # text, number or boolean
    text, whole, real, boolean = values
    if boolean is not None:
        return bool(boolean)
    return next((each for each in (text, whole, real) if each is not None), None)
