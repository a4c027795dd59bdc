"""How large an index is, and what nodes it needs."""

from __future__ import annotations

import math

from tools.assumptions import Assumptions, Instance, Size

KB_PER_GB, GIB = 1_000_000, 1 << 30
MASTERS = 3
"""Dedicated masters of a domain (`infra/index_domain.py`)."""


def index_gib(size: Size, assumed: Assumptions) -> float:
    """Memory for the vectors of one copy: 1.1 × (4 × dimensions + 8 × m) bytes each (OpenSearch's documentation of
    HNSW). Of vectors on disk, a 32nd of the dimensions' bytes is in memory (the same, "Disk-based vector search").
    """
    kept = assumed.kept
    whole = 4 * kept.dimensions
    return size.chunks * 1.1 * ((whole / kept.compression if size.vectors == "disk" else whole) + 8 * kept.links) / GIB


def vectors_gib(instance: Instance) -> float:
    """Memory that a node has for vectors: half of what the heap leaves. The heap takes half of the memory, at most 32
    GiB.
    """
    return (instance.memory_gib - min(instance.memory_gib / 2, 32)) / 2


def node(size: Size, assumed: Assumptions) -> Instance:
    """The smallest instance that holds a copy of the index.

    Raises:
        ValueError: none is large enough.
    """
    for instance in assumed.instance:
        if vectors_gib(instance) * assumed.kept.vectors_full >= index_gib(size, assumed):
            return instance
    raise ValueError(f"no instance of prices.toml holds the vectors of '{size.name}'")


def shards(size: Size, assumed: Assumptions) -> int:
    """Shards of the index, so that none is larger than it should be."""
    return max(1, math.ceil(index_gb(size, assumed) / assumed.kept.shard_gb))


def index_gb(size: Size, assumed: Assumptions) -> float:
    """Size of one copy of the index, in GB."""
    return size.chunks * assumed.kept.chunk_index_kb / KB_PER_GB


def masters_hour(size: Size, assumed: Assumptions) -> float:
    """Dollars an hour for the dedicated masters, if there are any."""
    (hour,) = [each.hour for each in assumed.instance if each.name == size.masters] or [0.0]
    return MASTERS * hour


def volume_gb(size: Size, assumed: Assumptions) -> int:
    """Storage of each node, in GB."""
    needed = math.ceil(index_gb(size, assumed) * assumed.kept.volume_spare)
    return max(assumed.kept.volume_least_gb, needed)
