"""Converts chunks to OpenSearch documents and to lines of bulk requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from vectorlog.domain.filters import Attributes
from vectorlog.domain.vectors import Chunk, Vector
from vectorlog.index.analyser.terms import terms
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.opensearch.mapping import FIELD, HIDDEN, OLDER_FIELD, SHOWN, Json, field

T = TypeVar("T")

BULK_BYTES = 5_000_000
"""Maximum size of a bulk request, unless a single document is larger. Small instances on AWS accept 10 MiB."""

_DECIMALS = 7
"""Decimals of a vector's numbers: about the precision of float32 in a unit vector. More would double the size of a
request.
"""


@dataclass(frozen=True, slots=True)
class Document:
    """One window of a chunk. A document with the same id replaces it, unless its version is lower.

    Attributes:
        content: all fields but those of the text.
        shown: what is shown of the chunk.
        searched: what its words are found by; None for a window after the first, so that words count once.
        terms: of `searched`, each as often as it occurs, with spaces between them.
    """

    id: str
    routing: str
    version: int
    content: Json
    shown: str
    searched: str | None = None
    terms: str = ""

    def lines(self, alias: str, *, older: bool = False) -> bytes:
        """Returns the two lines of a bulk request that index this document, in an `older` index as earlier versions
        did.
        """
        action = {
            "_index": alias,
            "_id": self.id,
            "routing": self.routing,
            "version": self.version,
            "version_type": "external_gte",
        }
        content = self.content | (self._older_texts() if older else self.texts())
        return f"{json.dumps({'index': action})}\n{json.dumps(content)}\n".encode()

    def texts(self) -> Json:
        """Returns the fields of the text."""
        return {SHOWN: self.shown} | ({} if self.searched is None else {FIELD: self.terms})

    def _older_texts(self) -> Json:
        hidden = {} if self.searched == self.shown else {HIDDEN: self.shown}
        return hidden | ({} if self.searched is None else {OLDER_FIELD: self.searched})


Lines: TypeAlias = tuple[Document, bytes]
"""A document and the lines that index it."""


def documents(files: Sequence[FileChunks]) -> list[Document]:
    """Returns the documents of these chunks, grouped by store.

    Of documents with the same id it returns only the last one with the highest revision.
    """
    newest: dict[str, Document] = {}
    for file in files:
        for chunk in file.chunks:
            for document in _windows(file, chunk):
                known = newest.get(document.id)
                if known is None or known.version <= document.version:
                    newest[document.id] = document
    return sorted(newest.values(), key=lambda document: document.routing)


def batches(documents: Sequence[Document], name: str, *, older: bool = False) -> Iterator[list[Lines]]:
    """Divides the documents, in order, into bulk requests of limited size; `name` is the alias to write to, of an index
    that an earlier version made if `older`.
    """
    lines = ((document, document.lines(name, older=older)) for document in documents)
    return parts(lines, lambda each: len(each[1]))


def parts(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """Divides what bulk requests consist of, in order, into parts for one request each: of up to `BULK_BYTES`, unless a
    single item is larger. `size` gives an item's bytes.
    """
    part, total = list[T](), 0
    for item in items:
        if part and total + size(item) > BULK_BYTES:
            yield part
            part, total = [], 0
        part.append(item)
        total += size(item)
    if part:
        yield part


def surplus(written: Sequence[Document], replaced: Sequence[Document]) -> dict[str, Json]:
    """Returns, by store, a query for the windows that chunks of replaced documents had before and no longer have."""
    counts = Counter((document.routing, document.content["chunk"]) for document in written)
    chunks: dict[str, dict[int, list[str]]] = {}
    for store, chunk in sorted({(document.routing, document.content["chunk"]) for document in replaced}):
        chunks.setdefault(store, {}).setdefault(counts[store, chunk], []).append(chunk)
    return {
        store: {
            "bool": {
                "should": [_beyond(windows, names) for windows, names in of_store.items()],
                "minimum_should_match": 1,
            }
        }
        for store, of_store in chunks.items()
    }


def _beyond(windows: int, chunks: Sequence[str]) -> Json:
    return {"bool": {"filter": [{"terms": {"chunk": chunks}}, {"range": {"window": {"gte": windows}}}]}}


def _windows(file: FileChunks, chunk: Chunk) -> Iterator[Document]:
    """Yields a document for each window."""
    name = f"{file.file}:{file.generation}:{chunk.n}"
    common: Json = {
        "store": file.store,
        "file": file.file,
        "generation": file.generation,
        "row": file.row,
        "n": chunk.n,
        "chunk": name,
        "windows": len(chunk.vectors),
        "attributes": _attributes(file.attributes),
    }
    if chunk.location is not None:
        common["location"] = json.dumps(chunk.location.code, ensure_ascii=False, separators=(",", ":"))
    for window, vector in enumerate(chunk.vectors):
        # Versions start at 1, because OpenSearch cannot delete version 0 by query.
        document = Document(
            f"{file.store}:{name}" + (f":{window}" if window else ""),
            file.store,
            file.revision + 1,
            {**common, "window": window, "vector": _numbers(vector)},
            chunk.shown,
        )
        if not window:
            words = " ".join(terms(chunk.searched).elements())
            document = replace(document, searched=chunk.searched, terms=words)
        yield document


def _attributes(attributes: Attributes) -> list[Json]:
    return [{"k": key, field(value): value} for key, value in attributes.items()]


def _numbers(vector: Vector) -> list[float]:
    return [round(number, _DECIMALS) for number in vector]
