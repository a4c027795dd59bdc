"""Removes a store from the database in small transactions, so that other writes need not wait for a large one.

The first transaction takes its name away, so nothing finds it any more. What is left has a name of its own until it is
removed; a removal that was cut off goes on with the next call for the same name.
"""

from __future__ import annotations

from sqlite3 import Connection

from vectorlog.domain.vectors import Space

_STEP = (
    ("delete from text where id in (select id from text where store = ? limit ?)", 2_000),
    ("delete from block where rowid in (select rowid from block where store = ? limit ?)", 4),
    ("delete from postings where id in (select id from postings where store = ? limit ?)", 4),
    ("delete from file where (store, number) in (select store, number from file where store = ? limit ?)", 2_000),
)
"""What one transaction removes at most of each table: some 30 ms. A block or a run takes up to 12 MB."""
_REMOVED = "/removed/"
"""Follows the name in that of what is left; names of stores have no slash."""


def take_name(connection: Connection, space: Space, name: str) -> list[str]:
    """Takes the name of a store away, if there is such a store; returns the names of its segments' files."""
    files = connection.execute(
        "select file from segment join store on key = store where model = ? and dimensions = ? and name = ?"
        " and file is not null",
        (space.model, space.dimensions, name),
    ).fetchall()
    connection.execute(
        "update store set name = name || ? || key where model = ? and dimensions = ? and name = ?",
        (_REMOVED, space.model, space.dimensions, name),
    )
    connection.execute(
        "update segment set file = null where file is not null and store in"
        " (select key from store where model = ? and dimensions = ? and name > ? and name < ?)",
        (space.model, space.dimensions, *_names(name)),
    )
    return [file for (file,) in files]


def remove_some(connection: Connection, space: Space, name: str) -> bool:
    """Removes some of what is left of stores of this name; returns whether there may be more."""
    left = connection.execute(
        "select key from store where model = ? and dimensions = ? and name > ? and name < ? limit 2",
        (space.model, space.dimensions, *_names(name)),
    ).fetchall()
    if not left:
        return False
    (key,) = left[0]
    for statement, limit in _STEP:
        if connection.execute(statement, (key, limit)).rowcount == limit:
            return True
    connection.execute("delete from store where key = ?", (key,))
    return len(left) > 1


def _names(name: str) -> tuple[str, str]:
    """Returns what the names of all that is left of a store lie between."""
    return name + _REMOVED, name + _REMOVED[:-1] + chr(ord("/") + 1)
