"""Zip containers, as used by Office, OpenDocument and EPUB files, opened with limits."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO, Self
from xml.etree import ElementTree

from vectorlog.ingest.document import Unreadable

MOST_PARTS = 20_000
MOST_BYTES = 1 << 30
"""Maximum total size of all parts when unpacked: 1 GB."""

MOST_XML_BYTES = 1 << 26
"""Maximum total size of the XML parts (64 MB) if a library loads them as trees, which take up to fifteen times as much
memory.
"""

_LOCKED = 0x1


class Container:
    """A zip file opened for reading; `with` closes it.

    Raises:
        Unreadable: unpacked, it would exceed the limits.
        zipfile.BadZipFile: it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path)
        parts = self._zip.infolist()
        self.names = frozenset(part.filename for part in parts)
        self.locked = any(part.flag_bits & _LOCKED for part in parts)
        if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
            raise _too_large()

    def require_small_xml(self) -> None:
        """Raises Unreadable if the XML parts are too large to be loaded as trees."""
        if (
            sum(part.file_size for part in self._zip.infolist() if part.filename.endswith((".xml", ".rels")))
            > MOST_XML_BYTES
        ):
            raise _too_large()

    def open(self, name: str) -> IO[bytes]:
        """Opens a part. zipfile never returns more bytes than the declared size, which the limits apply to."""
        return self._zip.open(name)

    def read(self, name: str) -> bytes:
        """Returns a part's bytes."""
        with self.open(name) as part:
            return part.read(MOST_BYTES)

    def tree(self, name: str) -> ElementTree.Element:
        """Parses a part as XML. Expat refuses entity expansion attacks, and external entities are never fetched."""
        self.require_small_xml()
        return ElementTree.fromstring(self.read(name))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()


def _too_large() -> Unreadable:
    return Unreadable(
        "invalid_file", "The file unpacks to more than 1 GB, 64 MB of XML or 20,000 parts. Split it into smaller files."
    )
