"""XML parts of Office files, as trees of Python's own parser, which is linear in whatever it is given.

Names are compared without their namespaces, since Strict and Transitional files differ in nothing else that is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from vectorlog.ingest.document import Unreadable

MOST_TAGS = 2_000_000
TAGS_PER_BYTE = 4
"""How many tags a file's part may have: `MOST_TAGS`, and this many for each byte of the file. A tag takes 0.5 µs to
parse and about as much to read. Word and Excel write about one for each compressed byte.
"""
_MOST_NAMES = 10_000


class _Names(dict[str, str]):
    """Tags and attributes without their namespaces."""

    def __missing__(self, tag: str) -> str:
        if len(self) > _MOST_NAMES:
            self.clear()
        self[tag] = name = tag.rpartition("}")[2]
        return name


NAMES = _Names()
"""`NAMES[element.tag]` is the name without its namespace."""


def require_few_tags(data: bytes, file_bytes: int) -> None:
    """Raises Unreadable if a part of a file of `file_bytes` has more tags than can be read in a short time."""
    if data.count(b"<") > MOST_TAGS + TAGS_PER_BYTE * file_bytes:
        raise Unreadable(
            "invalid_file",
            "The file is small but unpacks to millions of paragraphs, cells or other parts, which are too many to "
            "read. Split it into smaller files.",
        )


def parse(data: bytes, file_bytes: int) -> Element:
    """Returns a part's root. Expat limits entities and never fetches any.

    Raises:
        Unreadable: it has too many tags.
        ElementTree.ParseError: it is damaged.
    """
    require_few_tags(data, file_bytes)
    return ElementTree.fromstring(data)


def attribute(element: Element, name: str) -> str:
    """Returns an attribute, whatever its namespace; empty if there is none."""
    found = element.get(name)
    if found is not None:
        return found
    return next((value for key, value in element.items() if NAMES[key] == name), "")


def child(element: Element | None, *path: str) -> Element | None:
    """Returns the first child of that name, its first child of the next name, and so on."""
    for name in path:
        if element is None:
            return None
        element = next((each for each in element if NAMES[each.tag] == name), None)
    return element


def value(element: Element | None, *path: str) -> str | None:
    """Returns the attribute `val` of what `child` returns; None if there is no such element."""
    found = child(element, *path)
    return None if found is None else attribute(found, "val")


def is_on(element: Element | None, *path: str) -> bool:
    """Whether there is such a child and its `val` does not switch it off."""
    return value(element, *path) not in (None, "0", "false", "off")


def named(element: Element, *names: str) -> Iterator[Element]:
    """Yields the descendants with one of these names, in order."""
    return (each for each in element.iter() if NAMES[each.tag] in names)


def number(text: str | None, default: int, most: int = 1 << 31) -> int:
    """Returns a whole number from 0 up to `most` that an attribute holds, or `default` if it holds none."""
    if text and text.isascii() and text.isdigit() and len(text) < 12:
        return min(int(text), most)
    return default


def is_on_attribute(element: Element, name: str) -> bool:
    """Whether a boolean attribute is set."""
    return attribute(element, name) in ("1", "true", "on")
