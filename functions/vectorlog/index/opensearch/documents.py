"""Converts chunks to OpenSearch documents and to lines of bulk requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from vectorlog.domain.filters import Attributes
from vectorlog.domain.vectors import Chunk, Vector
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.opensearch.mapping import Json, field

BULK_BYTES = 5_000_000
"""Maximum size of a bulk request, unless a single document is larger. Small instances on AWS accept 10 MiB."""

_DECIMALS = 7
"""Decimals of a vector's numbers: about the precision of float32 in a unit vector. More would double the size of a
request.
"""


@dataclass(frozen=True, slots=True)
class Document:
    """One window of a chunk. A document with the same id replaces it, unless its version is lower."""

    id: str
    routing: str
    version: int
    content: Json

    def lines(self, alias: str) -> bytes:
        """Returns the two lines of a bulk request that index this document."""
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


def batches(documents: Sequence[Document], name: str) -> Iterator[list[Lines]]:
    """Divides the documents, in order, into bulk requests of limited size; `name` is the alias to write to."""
    batch, size = list[Lines](), 0
    for document in documents:
        lines = document.lines(name)
        if batch and size + len(lines) > BULK_BYTES:
            yield batch
            batch, size = [], 0
        batch.append((document, lines))
        size += len(lines)
    if batch:
        yield batch


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
    """Yields a document for each window. Only the first one's text is searchable, so that words count once.

    If what is searched is not what is shown, the latter is the first one's hidden text.
    """
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
        texts = {"hidden_text": chunk.shown} if window or chunk.searched != chunk.shown else {}
        if not window:
            texts["text"] = chunk.searched
        content = {**common, "window": window, **texts, "vector": _numbers(vector)}
        # Versions start at 1, because OpenSearch cannot delete version 0 by query.
        yield Document(
            f"{file.store}:{name}" + (f":{window}" if window else ""), file.store, file.revision + 1, content
        )


def _attributes(attributes: Attributes) -> list[Json]:
    return [{"k": key, field(value): value} for key, value in attributes.items()]


def _numbers(vector: Vector) -> list[float]:
    return [round(number, _DECIMALS) for number in vector]
