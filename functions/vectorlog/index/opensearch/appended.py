"""What an append-only index holds of a chunk: copies, of which one counts. Pure functions.

A collection of OpenSearch Serverless makes the ids of its documents, and replaces none. So a chunk that is added again
has several copies for a while, each with a document per window. Which copy counts follows from the documents alone, so
all writers agree on it, and each of them deletes the others.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from vectorlog.index.opensearch.documents import Document
from vectorlog.index.opensearch.mapping import Json

OWN_FIELDS: Json = {
    "revision": {"type": "long"},
    "written": {"type": "long"},
    "digest": {"type": "keyword"},
    "uid": {"type": "keyword"},
    "length": {"type": "integer"},
    "part": {"type": "keyword"},
}
"""What the documents of a collection have besides: the revision of the attributes, when the copy was written (ms since
1970), a digest of its content, a random name of the document by which results are paged, the number of terms, and
file and generation (`file:generation`).
"""
READ = ["store", "chunk", "window", "windows", "revision", "written", "digest"]
"""The fields by which a copy is known."""

Key: TypeAlias = tuple[str, str]
"""A chunk: its store, and its name there (`file:generation:n`)."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a document is: the name of its index, and its id."""

    index: str
    id: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of a chunk.

    Attributes:
        places: of its documents that were found.
        twice: of those of its documents that are there a second time, because the answer to a write was lost.
        complete: whether all of its windows were found.
    """

    key: Key
    revision: int
    written: int
    digest: str
    places: tuple[Place, ...] = ()
    twice: tuple[Place, ...] = ()
    complete: bool = True

    @property
    def age(self) -> tuple[int, int]:
        """What decides which of two complete copies counts: the higher one."""
        return self.revision, self.written


@dataclass(frozen=True, slots=True)
class New:
    """A copy that is to be written, and its documents."""

    copy: Copy
    documents: tuple[Document, ...]

    def lines(self, alias: str, uids: Iterator[str]) -> Iterator[bytes]:
        """Yields the lines of a bulk request that append each document."""
        action = json.dumps({"index": {"_index": alias}})
        for document in self.documents:
            content = document.content | {
                **document.texts(),
                "revision": self.copy.revision,
                "written": self.copy.written,
                "digest": self.copy.digest,
                "uid": next(uids),
                "part": f"{document.content['file']}:{document.content['generation']}",
            }
            if document.searched is not None:
                content["length"] = len(document.terms.split())
            yield f"{action}\n{json.dumps(content)}\n".encode()


def new_copies(documents: Iterable[Document], now: int) -> list[New]:
    """Returns the chunks that these documents are, written at `now` (ms since 1970)."""
    chunks: defaultdict[Key, list[Document]] = defaultdict(list)
    for document in documents:
        chunks[document.routing, document.content["chunk"]].append(document)
    return [New(Copy(key, some[0].version, now, _digest(some)), tuple(some)) for key, some in chunks.items()]


def copies(hits: Iterable[Json]) -> dict[Key, list[Copy]]:
    """Returns the copies of each chunk that these hits of a search belong to, the one that counts first."""
    windows: defaultdict[tuple[Key, int, int, str], defaultdict[int, list[Place]]]
    windows = defaultdict(lambda: defaultdict(list))
    wanted: dict[tuple[Key, int, int, str], int] = {}
    for hit in hits:
        source = hit["_source"]
        which = (source["store"], source["chunk"]), source["revision"], source["written"], source["digest"]
        windows[which][source["window"]].append(Place(hit["_index"], hit["_id"]))
        wanted[which] = source["windows"]
    found: defaultdict[Key, list[Copy]] = defaultdict(list)
    for which, some in windows.items():
        places = [sorted(each) for each in some.values()]
        all_of_them = tuple(place for each in places for place in each)
        twice = tuple(place for each in places for place in each[1:])
        found[which[0]].append(Copy(*which, all_of_them, twice, len(some) == wanted[which]))
    for each in found.values():
        each.sort(key=lambda copy: (copy.complete, *copy.age, copy.digest), reverse=True)
    return found


def needed(new: Sequence[New], found: Mapping[Key, Sequence[Copy]]) -> list[New]:
    """Returns what still has to be written: no copy that is there already, and none with older attributes. What is
    written is later than all that was found, whatever the clocks of other writers said.
    """
    wanted = []
    for each in new:
        there = found.get(each.copy.key, ())
        counts = there[0] if there and there[0].complete else None
        if counts is not None and counts.revision >= each.copy.revision:
            same = counts.digest == each.copy.digest
            if same or counts.revision > each.copy.revision:
                continue
        latest = max((copy.written for copy in there), default=-1)
        copy = replace(each.copy, written=max(each.copy.written, latest + 1))
        wanted.append(New(copy, each.documents))
    return wanted


def visible(new: Iterable[New], found: Mapping[Key, Sequence[Copy]]) -> bool:
    """Whether searches see each of these chunks as it was written, or a later copy of it."""
    for each in new:
        there = found.get(each.copy.key, ())
        if not there or not there[0].complete or there[0].age < each.copy.age:
            return False
    return True


def outdated(found: Mapping[Key, Sequence[Copy]]) -> list[Place]:
    """Returns the documents of copies that do not count, and those that are there twice. What is not complete stays
    until a complete copy is there.
    """
    places: list[Place] = []
    for there in found.values():
        if there[0].complete:
            places += there[0].twice
            for copy in there[1:]:
                if copy.complete or copy.age <= there[0].age:
                    places += copy.places
    return places


def replaced(new: Iterable[New], found: Mapping[Key, Sequence[Copy]]) -> list[Place]:
    """Returns the documents of the copies that these take the place of."""
    return [
        place
        for each in new
        for copy in found.get(each.copy.key, ())
        if copy.age < each.copy.age
        for place in copy.places
    ]


def _digest(documents: Sequence[Document]) -> str:
    content = [(each.content, each.shown, each.terms) for each in documents]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
