"""What a new index is made with."""

from __future__ import annotations

import pytest

from vectorlog.domain.vectors import Space
from vectorlog.index.opensearch.mapping import Json, Layout, index_body

SPACE = Space("bedrock:titan", 1024)


def made(layout: Layout) -> tuple[Json, Json]:
    """The index's settings, and its mapping."""
    body = index_body(SPACE, layout, "alias")
    return body["settings"]["index"], body["mappings"]


def test_vectors_in_memory() -> None:
    """By default vectors are whole in memory, and a store is in one shard."""
    settings, mapping = made(Layout())
    vector = mapping["properties"]["vector"]
    assert vector["method"] == {
        "name": "hnsw",
        "engine": "faiss",
        "space_type": "cosinesimil",
        "parameters": {"m": 16, "ef_construction": 128},
    }
    assert not {"mode", "compression_level"} & set(vector)
    assert "routing_partition_size" not in settings
    assert "_routing" not in mapping


def test_vectors_on_disk() -> None:
    """On disk, a dimension is a bit in memory, by Faiss, which then scores candidates by the whole vectors."""
    _, mapping = made(Layout(vectors="disk"))
    vector = mapping["properties"]["vector"]
    assert (vector["mode"], vector["compression_level"]) == ("on_disk", "32x")
    assert (vector["space_type"], vector["dimension"]) == ("cosinesimil", 1024)
    assert vector["method"]["engine"] == "faiss"
    assert "encoder" not in vector["method"]["parameters"], "OpenSearch refuses it beside a mode"


@pytest.mark.parametrize("partition", [2, 5])
def test_partition(partition: int) -> None:
    """A store over several shards: every request has to name its routing, as ours do."""
    settings, mapping = made(Layout(shards=8, partition=partition))
    assert (settings["number_of_shards"], settings["routing_partition_size"]) == (8, partition)
    assert settings["number_of_routing_shards"] == 8, "or documents stay in one shard"
    assert mapping["_routing"] == {"required": True}
