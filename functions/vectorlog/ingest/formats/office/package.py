"""Office Open XML packages: parts, and the relationships between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import IO, Self
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.formats import container
from vectorlog.ingest.formats.office.xml import NAMES, attribute, parse

_PLACEHOLDER_TITLE = re.compile(r"(?i)microsoft|powerpoint|presentation|präsentation|slide \d|untitled|document|title$")


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to: a part's name, or an address outside of the package.

    Attributes:
        kind: the last word of the relationship's type, such as `image`.
    """

    kind: str
    target: str
    external: bool


class Package:
    """An Office file opened for reading; `with` closes it. Parts are found as Office finds them, by relationships.

    Raises:
        Unreadable: unpacked, it would exceed the limits.
        zipfile.BadZipFile: it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._container = container.Container(path)
        self._lower = {name.lower(): name for name in self._container.names}
        self.bytes = path.stat().st_size
        self._left = container.MOST_XML_BYTES
        self._relations: dict[str, dict[str, Relation]] = {}
        self.damaged: list[str] = []
        """Names of parts that could not be read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.__exit__()

    @property
    def names(self) -> frozenset[str]:
        """The names of all parts."""
        return self._container.names

    def main(self, folder: str, usual: str) -> str:
        """Returns the name of the main part; `usual` in `folder` is where Office puts it."""
        for each in self.relations("").values():
            if each.kind == "officeDocument":
                return each.target
        return folder + usual

    def has(self, name: str) -> bool:
        """Whether there is such a part; case does not matter."""
        return name.lower() in self._lower

    def read(self, name: str) -> bytes:
        """Returns a part's bytes. Raises KeyError if there is none."""
        return self._container.read(self._lower[name.lower()])

    def open(self, name: str) -> IO[bytes]:
        """Opens a part. Raises KeyError if there is none."""
        return self._container.open(self._lower[name.lower()])

    def tree(self, name: str) -> Element:
        """Returns the root of an XML part.

        Raises:
            Unreadable: all those that were parsed are too large together.
        """
        data = self.read(name)
        self._left -= len(data)
        if self._left < 0:
            raise Unreadable("invalid_file", "The file unpacks to more than 64 MB of XML. Split it into smaller files.")
        return parse(data, self.bytes)

    def root(self, name: str, kind: str) -> Element:
        """Returns the root of the main part. Raises ValueError if it is not of this kind."""
        root = self.tree(name)
        if NAMES[root.tag] != kind:
            raise ValueError(f"{name} holds no {kind}")
        return root

    def find(self, name: str) -> Element | None:
        """Returns the root of an XML part that the document can do without; None if it is missing or damaged."""
        if not self.has(name):
            return None
        try:
            return self.tree(name)
        except ParseError:
            self.damaged.append(name)
            return None

    def relations(self, part: str) -> dict[str, Relation]:
        """Returns what a part refers to, by id; the package itself has the name ``."""
        if part not in self._relations:
            folder = dirname(part)
            root = self.find(join(folder, "_rels", f"{part.rpartition('/')[2]}.rels"))
            found: dict[str, Relation] = {}
            for each in root if root is not None else ():
                external = attribute(each, "TargetMode") == "External"
                target = attribute(each, "Target")
                if not external:
                    target = normpath(join("/" + folder, unquote(target))).lstrip("/")
                found[attribute(each, "Id")] = Relation(attribute(each, "Type").rpartition("/")[2], target, external)
            self._relations[part] = found
        return self._relations[part]

    def related(self, part: str, *kinds: str) -> list[str]:
        """Returns the names of the parts that a part refers to by relationships of these kinds."""
        return [
            each.target
            for each in self.relations(part).values()
            if each.kind in kinds and not each.external and self.has(each.target)
        ]

    def title(self) -> str:
        """Returns the title among the document's properties; empty if it is one that Office makes up."""
        core = self.find(next(iter(self.related("", "core-properties")), "docProps/core.xml"))
        title = next((each.text or "" for each in core if each.tag.endswith("}title")), "") if core is not None else ""
        return "" if _PLACEHOLDER_TITLE.match(title.strip()) else title.strip()

    @property
    def macros(self) -> bool:
        """Whether it has a project of macros."""
        return any(name.endswith("vbaproject.bin") for name in self._lower)
