"""Comments at the cells of an Excel sheet."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.package import Package
from vectorlog.ingest.formats.office.xml import attribute, child, named, number

_THREADED_AUTHOR = "tc="
"""How the author of a note begins that only repeats a conversation for old programs."""


@dataclass(frozen=True, slots=True)
class Note:
    """A comment: the cell's name, such as B2, and who wrote what; the author may be unknown."""

    cell: str
    author: str
    text: str


def sheet_notes(package: Package, sheet: str) -> list[Note]:
    """Returns the comments of a sheet's part: notes, and conversations with their answers."""
    notes = []
    persons: dict[str, str] | None = None
    for part in package.related(sheet, "threadedComment"):
        if persons is None:
            persons = _persons(package)
        root = package.find(part)
        for each in named(root, "threadedComment") if root is not None else ():
            text = child(each, "text")
            author = persons.get(attribute(each, "personId"), "")
            notes.append(Note(attribute(each, "ref"), author, (text.text or "") if text is not None else ""))
    for part in package.related(sheet, "comments"):
        notes += _old_notes(package.find(part))
    return [each for each in notes if each.text.strip()]


def _old_notes(root: Element | None) -> list[Note]:
    if root is None:
        return []
    authors = [each.text or "" for each in named(root, "author")]
    notes = []
    for each in named(root, "comment"):
        place = number(attribute(each, "authorId"), len(authors))
        author = authors[place].strip() if place < len(authors) else ""
        if author.startswith(_THREADED_AUTHOR):
            continue
        text = "".join(part.text or "" for part in named(each, "t")).strip()
        notes.append(Note(attribute(each, "ref"), author, text.removeprefix(f"{author}:").strip()))
    return notes


def _persons(package: Package) -> dict[str, str]:
    persons: dict[str, str] = {}
    for name in package.names:
        if name.lower().startswith("xl/persons/") and name.endswith(".xml"):
            root = package.find(name)
            for each in named(root, "person") if root is not None else ():
                persons[attribute(each, "id")] = attribute(each, "displayName")
    return persons


def written(note: Note, cell: str) -> str:
    """Returns a comment as a paragraph; `cell` is the text of its cell."""
    at = f"{note.cell} ({cell})" if cell else note.cell
    return f"Comment at {at}{f', {note.author}' if note.author else ''}: {note.text}"
