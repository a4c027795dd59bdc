"""Indexes on the OpenSearch that `VECTORLOG_OPENSEARCH_ENDPOINT` names; for tests marked `aws`."""

from __future__ import annotations

import atexit
import os
from contextlib import ExitStack
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.collection import collection
from tests.support.waits import no_waits
from vectorlog.index.opensearch.collection import CollectionIndex
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import Layout
from vectorlog.index.opensearch.requests import connect

if TYPE_CHECKING:
    from opensearchpy import OpenSearch


_UNTIL_EXIT = ExitStack()
atexit.register(_UNTIL_EXIT.close)


class LocalOpenSearchIndex(OpenSearchIndex):
    """Keeps the client open, because the tests of a process share it."""

    def close(self) -> None:
        pass


class LocalCollectionIndex(CollectionIndex):
    """Keeps the client open too."""

    def close(self) -> None:
        pass


@cache
def client() -> OpenSearch:
    """A client as the AWS edition creates it."""
    endpoint = os.environ["VECTORLOG_OPENSEARCH_ENDPOINT"]
    assert "//127.0.0.1:" in endpoint, "tests never write to an account"
    return connect(endpoint)


def opened(place: Path) -> LocalOpenSearchIndex:
    """A separate index for each folder, empty when it is first opened; it is lost with the server."""
    layout = Layout(prefix=f"test-{sha256(bytes(place)).hexdigest()[:16]}", engine="lucene")
    return LocalOpenSearchIndex(client(), layout, refresh="true", timing=no_waits())


def opened_partitioned(place: Path) -> LocalOpenSearchIndex:
    """The same, with each store in two of three shards."""
    layout = Layout(prefix=f"test-{sha256(bytes(place)).hexdigest()[:16]}", engine="lucene", shards=3, partition=2)
    return LocalOpenSearchIndex(client(), layout, refresh="true", timing=no_waits())


@cache
def _collection_client() -> OpenSearch:
    """A client of a collection on the same node, whose gatekeeper serves as long as this process."""
    return connect(_UNTIL_EXIT.enter_context(collection(os.environ["VECTORLOG_OPENSEARCH_ENDPOINT"])))


def opened_collection(place: Path) -> LocalCollectionIndex:
    """A separate index in a collection for each folder; searches see writes at once."""
    layout = Layout(prefix=f"test-{sha256(bytes(place)).hexdigest()[:16]}")
    return LocalCollectionIndex(_collection_client(), layout, timing=no_waits())
