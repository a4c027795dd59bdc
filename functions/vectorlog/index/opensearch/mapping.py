"""How chunks lie in OpenSearch: one index per space, one document per window of a chunk."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from vectorlog.defaults import INDEX_SHARDS, VECTOR_ENGINE, VectorEngine
from vectorlog.domain.filters import Scalar, kind
from vectorlog.domain.vectors import Space

Json: TypeAlias = dict[str, Any]

SOURCE = ["file", "generation", "row", "n", "window", "windows", "text", "hidden_text"]
"""What a hit is read from."""

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """What an operator chooses when an index is made.

    Attributes:
        prefix: of the names of all indexes.
        engine: of the vectors; `faiss` on AWS, `lucene` where the native library is missing.
        shards: a store lives in one of them, found by routing. Each has a copy where there is a second node.
    """

    prefix: str = "vectorlog"
    engine: VectorEngine = VECTOR_ENGINE
    shards: int = INDEX_SHARDS


def alias(space: Space, layout: Layout) -> str:
    """The name that a space's index is used by; of two models whose names differ only in signs, the hash differs."""
    readable = re.sub(r"[^a-z0-9]+", "-", space.model.lower()).strip("-")[:_LONGEST_NAME]
    digest = hashlib.sha256(space.model.encode()).hexdigest()[:8]
    return f"{layout.prefix}-{readable}-{space.dimensions}-{digest}"


def successor(name: str) -> str:
    """The alias of an index that is being made to take the place of the one under this alias."""
    return f"{name}-next"


def index_body(space: Space, layout: Layout, name: str) -> Json:
    """Settings and mapping of a space's index, and the alias that it is used by. The mapping never grows, whatever
    attributes users invent.
    """
    method = {
        "name": "hnsw",
        "engine": layout.engine,
        "space_type": "cosinesimil",
        "parameters": {"m": 16, "ef_construction": 128},
    }
    keyword, unindexed = {"type": "keyword"}, {"type": "keyword", "index": False, "doc_values": False}
    attribute = {
        "k": keyword,
        "s": {"type": "keyword", "ignore_above": 8191},
        "n": {"type": "double"},
        "b": {"type": "boolean"},
    }
    return {
        "settings": {
            "index": {
                "knn": True,
                "number_of_shards": layout.shards,
                "auto_expand_replicas": "0-1",
                # Otherwise, for a minute after a removal, OpenSearch refuses to add a document under its old revision.
                "gc_deletes": "-1",
            }
        },
        "aliases": {name: {}},
        "mappings": {
            "dynamic": "strict",
            "_source": {"excludes": ["vector"]},
            "properties": {
                "store": keyword,
                "file": keyword,
                "generation": {"type": "long"},
                "row": unindexed,
                "n": {"type": "integer"},
                "chunk": keyword,
                "window": {"type": "integer"},
                "windows": {"type": "integer", "index": False, "doc_values": False},
                "text": {"type": "text", "analyzer": "english"},
                "hidden_text": unindexed,
                "attributes": {"type": "nested", "properties": attribute},
                "vector": {"type": "knn_vector", "dimension": space.dimensions, "method": method},
            },
        },
    }


def field(value: Scalar) -> str:
    """Where an attribute's value is, by its kind, so that 1 is 1.0 and neither is true or "1"."""
    return {"bool": "b", "number": "n", "string": "s"}[kind(value)]
