"""A deployment on the local servers, without functions, whose derived data is lost: for what rebuilds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from unittest.mock import patch

from local_aws import resources
from local_aws.servers import Servers
from tests.support.many_files import DIMENSIONS, MODEL
from vectorlog.deployment import Deployment
from vectorlog.domain.vectors import Space
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.operations import folded_log
from vectorlog.operations.verify import Difference, differences
from vectorlog.runtime.aws import clients, once, tables, wiring
from vectorlog.views.views import Views

if TYPE_CHECKING:
    from botocore.client import BaseClient

SPACE = Space(MODEL, DIMENSIONS)


@dataclass(frozen=True, slots=True)
class Lost:
    """What is left, the clients of DynamoDB and S3 that all of its parts use, and the index."""

    dynamodb: BaseClient
    s3: BaseClient
    index: OpenSearchIndex

    @property
    def deployment(self) -> Deployment:
        return wiring.deployment()

    def rows_differ(self) -> list[Difference]:
        """The rows of the second table that are not what the log says."""
        moved = replace(self.deployment, views=Views(self.deployment.views.tables[1]))
        found = differences(moved, folded_log.read(moved))
        return [each for each in found if each.kind in ("row", "counts")]

    def indexed(self, stores: set[str]) -> int:
        """How many files the index has in these stores."""
        return sum(len(self.index.count(SPACE, store)) for store in stores)


@contextmanager
def lost(servers: Servers) -> Iterator[Lost]:
    """A new deployment with a second, empty table of views. It is found by variables, as in processes that a command
    starts.
    """
    owned, dynamodb, s3 = resources.make(servers), clients.dynamodb(), clients.s3()
    second = f"{owned.views_table}-2"
    dynamodb.create_table(**tables.views(second))
    variables = {**servers.environment, **owned.environment, "VECTORLOG_VIEWS_ALSO": second}
    with (
        patch.dict(os.environ, variables),
        patch.object(clients, "dynamodb", lambda: dynamodb),
        patch.object(clients, "s3", lambda: s3),
    ):
        once.forget()
        index = wiring.index()
        with patch.object(wiring, "index", lambda: index):
            yield Lost(dynamodb, s3, index)
        once.forget()
        index.request("DELETE", f"/{owned.bucket}-*", {})
    dynamodb.delete_table(TableName=second)
    resources.remove(servers, owned)
