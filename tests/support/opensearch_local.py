"""Indexes on the OpenSearch that `VECTORLOG_OPENSEARCH_ENDPOINT` names; for tests marked `aws`."""

from __future__ import annotations

import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.waits import no_waits
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import Layout
from vectorlog.index.opensearch.requests import connect

if TYPE_CHECKING:
    from opensearchpy import OpenSearch


class LocalOpenSearchIndex(OpenSearchIndex):
    """Keeps the client open, because the tests of a process share it."""

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
