"""Reads what a source has, with hashes; and what a store has."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vectorlog.client.server import Refused, Server, segment
from vectorlog.syncing.items import Item, Source, Unreadable
from vectorlog.syncing.lfs import REASON, is_pointer
from vectorlog.syncing.plan import Stored
from vectorlog.syncing.tasks import sha256_of

_FILES_PAGE = 10_000
"""What `GET /files` gives at most (docs/contract.md, section 1.1)."""


@dataclass(slots=True)
class Hashes:
    """Hashes that are known: of what was read before, by the version that it had then."""

    by_version: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, item: Item) -> str:
        """The SHA-256 of a file, which is read only if its version is new; "" for a pointer of Git LFS.

        Raises:
            OSError: it cannot be read.
        """
        known = self.by_version.get((item.path, item.version)) if item.version else None
        if known is None:
            known = "" if is_pointer(item) else sha256_of(item)
            if item.version:
                self.by_version[item.path, item.version] = known
        return known


@dataclass(frozen=True, slots=True)
class Read:
    """What a source had when it was read.

    Attributes:
        files: its files by their paths, with their SHA-256 in hexadecimal.
        unreadable: what could not be read, and what was left out.
    """

    files: dict[str, tuple[Item, str]]
    unreadable: list[Unreadable]


def read(source: Source, hashes: Hashes, stop: threading.Event, seen: Callable[[int, int], None]) -> Read:
    """Reads a source; `seen` is told the number of files and bytes so far. It ends early once `stop` is set.

    Raises:
        SourceUnusable: the source cannot be read.
    """
    found = Read({}, [])
    size = 0
    for each in source.items():
        if stop.is_set():
            break
        if isinstance(each, Unreadable):
            found.unreadable.append(each)
        elif each.path in found.files:
            found.unreadable.append(Unreadable(each.path, "another file has the same path"))
        else:
            try:
                sha256 = hashes.of(each)
                if sha256:
                    found.files[each.path] = each, sha256
                else:
                    found.unreadable.append(Unreadable(each.path, REASON, skipped=True))
            except OSError as error:
                found.unreadable.append(Unreadable(each.path, error.strerror or str(error)))
            size += each.size
            seen(len(found.files), size)
    return found


def owned(server: Server, store: str, source: str) -> tuple[list[Stored], set[str]]:
    """Returns the files of a store that a sync of this source made, as their attributes say; and the ids of all. A
    store without an id, which is not made yet, has none.
    """
    if not store:
        return [], set()
    found: list[Stored] = []
    ids: set[str] = set()
    for each in server.items(f"/vector_stores/{segment(store)}/files"):
        ids.add(each["id"])
        stored = stored_of(each)
        if stored is not None and stored.attributes["source"] == source:
            found.append(stored)
    return found, ids


def stored_of(file: Mapping[str, Any]) -> Stored | None:
    """Returns a file in a store if a sync made it, as its attributes say."""
    attributes = file.get("attributes") or {}
    own = [attributes.get(name) for name in ("source", "path", "sha256")]
    if not all(isinstance(each, str) for each in own):
        return None
    error = file.get("last_error") or {}
    return Stored(
        id=file["id"],
        path=attributes["path"],
        sha256=attributes["sha256"],
        status=file["status"],
        error=error.get("code", ""),
        reason=error.get("message", ""),
        attributes=attributes,
        created_at=file["created_at"],
    )


def contents(server: Server, store: str) -> dict[str, str]:
    """Returns the ids of a store's files by the SHA-256 of their content, but for failed and cancelled ones. A hash is
    known from a file's attribute `sha256`, or from the server.
    """
    found: dict[str, str] = {}
    unknown: set[str] = set()
    for each in server.items(f"/vector_stores/{segment(store)}/files"):
        if each["status"] in ("failed", "cancelled"):
            continue
        sha256 = (each.get("attributes") or {}).get("sha256")
        if isinstance(sha256, str):
            found[sha256] = each["id"]
        else:
            unknown.add(each["id"])
    if unknown:
        found |= _uploaded(server, unknown)
    return found


def _uploaded(server: Server, wanted: set[str]) -> dict[str, str]:
    try:
        files = server.items("/files", page=_FILES_PAGE)
        return {each["sha256"]: each["id"] for each in files if each["id"] in wanted and each.get("sha256")}
    except Refused as error:
        if error.status == 0:
            raise
        return {}  # a server that has no such list: its files are told apart by their attributes alone
