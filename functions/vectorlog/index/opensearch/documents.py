"""Chunks as the documents that OpenSearch holds, and as lines of its bulk requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from vectorlog.domain.filters import Attributes
from vectorlog.domain.vectors import Chunk, Vector
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.opensearch.mapping import Json, field

BULK_BYTES = 5_000_000
"""Of one bulk request, unless a single document is larger. AWS's smaller instances take 10 MiB."""

_DECIMALS = 7
"""Of a vector's numbers: a float32 of a unit vector is exact to about as many, and longer ones double the size of a
request.
"""


@dataclass(frozen=True, slots=True)
class Document:
    """One window of a chunk; another one with the same id replaces it, unless its version is lower."""

    id: str
    routing: str
    version: int
    content: Json

    def lines(self, alias: str) -> bytes:
        """The two lines that index it in a bulk request."""
        action = {
            "_index": alias,
            "_id": self.id,
            "routing": self.routing,
            "version": self.version,
            "version_type": "external_gte",
        }
        return f"{json.dumps({'index': action})}\n{json.dumps(self.content)}\n".encode()


Lines: TypeAlias = tuple[Document, bytes]
"""A document and the lines that index it."""


def documents(files: Sequence[FileChunks]) -> list[Document]:
    """The documents of these chunks, each id once: the last of the highest revision. Those of a store are
    neighbours.
    """
    newest: dict[str, Document] = {}
    for file in files:
        for chunk in file.chunks:
            for document in _windows(file, chunk):
                known = newest.get(document.id)
                if known is None or known.version <= document.version:
                    newest[document.id] = document
    return sorted(newest.values(), key=lambda document: document.routing)


def batches(made: Sequence[Document], name: str) -> Iterator[list[Lines]]:
    """The documents in order, in requests that OpenSearch takes."""
    batch, size = list[Lines](), 0
    for document in made:
        lines = document.lines(name)
        if batch and size + len(lines) > BULK_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((document, lines))
        size += len(lines)
    if batch:
        yield batch


def surplus(made: Sequence[Document], replaced: Sequence[Document]) -> dict[str, Json]:
    """By store, what finds the windows that these replaced documents' chunks had before and no longer have."""
    counts = Counter((document.routing, document.content["chunk"]) for document in made)
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
    """Only the first window's text is searched, so that words count once."""
    name = f"{file.file}:{file.generation}:{chunk.n}"
    common: Mapping[str, Any] = {
        "store": file.store,
        "file": file.file,
        "generation": file.generation,
        "row": file.row,
        "n": chunk.n,
        "chunk": name,
        "windows": len(chunk.vectors),
        "attributes": _attributes(file.attributes),
    }
    for window, vector in enumerate(chunk.vectors):
        text = "hidden_text" if window else "text"
        content = {**common, "window": window, text: chunk.text, "vector": _numbers(vector)}
        # From 1, since OpenSearch cannot delete version 0 by query.
        yield Document(
            f"{file.store}:{name}" + (f":{window}" if window else ""), file.store, file.revision + 1, content
        )


def _attributes(attributes: Attributes) -> list[Json]:
    return [{"k": key, field(value): value} for key, value in attributes.items()]


def _numbers(vector: Vector) -> list[float]:
    return [round(number, _DECIMALS) for number in vector]
