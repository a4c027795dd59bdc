"""The mapping of chunks in OpenSearch: one index per space, one document per window of a chunk."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, TypeAlias

from vectorlog.defaults import (
    INDEX_PARTITION,
    INDEX_PREFIX,
    INDEX_SHARDS,
    VECTOR_ENGINE,
    VECTORS_IN,
    VectorEngine,
    VectorsIn,
)
from vectorlog.domain.filters import Scalar, kind
from vectorlog.domain.vectors import Space
from vectorlog.index.analyser import VERSION
from vectorlog.index.bm25 import BM25

Json: TypeAlias = dict[str, Any]

FIELD = f"terms_{VERSION}"
"""The field of the terms. Those of another version have another field, so that an index is never searched for terms
that it does not have.
"""
OLDER_FIELD = "text"
"""The field of an index that an earlier version made: a text that OpenSearch analyses as English."""
SHOWN = "shown"
"""The field of what is shown of a chunk."""
HIDDEN = "hidden_text"
"""The field of what is shown, in an index that an earlier version made, if it is not what is searched."""
SIMILARITY = "terms"
SOURCE = ["file", "generation", "row", "n", "window", "windows", "location", SHOWN, HIDDEN, OLDER_FIELD]
"""The fields that are returned with a hit."""

COMPRESSION = "32x"
"""A bit for each dimension of 32 bits."""
UNINDEXED: Json = {"type": "keyword", "index": False, "doc_values": False}
ADDED: Json = {"location": UNINDEXED}
"""Fields that indexes of earlier versions lack. They get them with the first document that has one."""

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Layout:
    """The options that an operator can choose for new indexes.

    Attributes:
        prefix: of the names of all indexes.
        engine: of vector search; `faiss` on AWS, `lucene` where the native library is missing.
        shards: number of shards. Each has a replica if there is a second node.
        partition: how many of the shards a store is spread over, by the ids of its documents; routing names the first.
            Below `shards`, unless it is 1.
        vectors: `disk` keeps a bit for each dimension in memory. Searches find more candidates by these, and score them
            by the whole vectors, which are on the disk (OpenSearch's documentation, "Disk-based vector search").
    """

    prefix: str = INDEX_PREFIX
    engine: VectorEngine = VECTOR_ENGINE
    shards: int = INDEX_SHARDS
    partition: int = INDEX_PARTITION
    vectors: VectorsIn = VECTORS_IN


def alias(space: Space, layout: Layout) -> str:
    """Returns the alias of a space's index. Its hash distinguishes models whose names differ only in punctuation."""
    readable = re.sub(r"[^a-z0-9]+", "-", space.model.lower()).strip("-")[:_LONGEST_NAME]
    digest = hashlib.sha256(space.model.encode()).hexdigest()[:8]
    return f"{layout.prefix}-{readable}-{space.dimensions}-{digest}"


def successor(name: str) -> str:
    """Returns the alias of an index that is being filled to replace the one with the alias `name`."""
    return f"{name}-next"


def index_body(space: Space, layout: Layout, name: str) -> Json:
    """Returns the settings and mapping of a space's index, with its alias.

    The mapping is fixed: new attribute keys do not add fields to it.
    """
    keyword, unindexed = {"type": "keyword"}, UNINDEXED
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
                **(_spread(layout) if layout.partition > 1 else {}),
                "auto_expand_replicas": "0-1",
                # By default, OpenSearch refuses to add a removed document with its old version for a minute.
                "gc_deletes": "-1",
                "similarity": {SIMILARITY: {"type": "BM25", "k1": BM25.k1, "b": BM25.b}},
            }
        },
        "aliases": {name: {}},
        "mappings": {
            "dynamic": "strict",
            **({"_routing": {"required": True}} if layout.partition > 1 else {}),
            "_source": {"excludes": ["vector", FIELD]},
            "properties": {
                "store": keyword,
                "file": keyword,
                "generation": {"type": "long"},
                "row": unindexed,
                "n": {"type": "integer"},
                "chunk": keyword,
                "window": {"type": "integer"},
                "windows": {"type": "integer", "index": False, "doc_values": False},
                FIELD: {
                    "type": "text",
                    "analyzer": "whitespace",
                    "similarity": SIMILARITY,
                    "index_options": "freqs",
                },
                SHOWN: unindexed,
                **ADDED,
                "attributes": {"type": "nested", "properties": attribute},
                "vector": _vector(space, layout),
            },
        },
    }


def _spread(layout: Layout) -> Json:
    """Returns the settings that spread a store. By default an index could be split, so a shard has many routing shards,
    and documents would be spread over these, nearly all of which are of one shard.
    """
    return {"routing_partition_size": layout.partition, "number_of_routing_shards": layout.shards}


def _vector(space: Space, layout: Layout) -> Json:
    """Returns the field of the vectors. On disk, OpenSearch takes more candidates, and scores them again by itself."""
    method = {"name": "hnsw", "engine": layout.engine, "parameters": {"m": 16, "ef_construction": 128}}
    metric = {"space_type": "cosinesimil"}
    field = {"type": "knn_vector", "dimension": space.dimensions}
    if layout.vectors == "disk":
        return {**field, **metric, "mode": "on_disk", "compression_level": COMPRESSION, "method": method}
    return {**field, "method": method | metric}


def field(value: Scalar) -> str:
    """Returns the field for a value of this kind, so that 1 equals 1.0, but neither equals true or "1"."""
    return {"bool": "b", "number": "n", "string": "s"}[kind(value)]
