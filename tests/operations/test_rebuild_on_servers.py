"""Views and index of the AWS edition rebuilt by the command, with real functions on the real local servers."""

from __future__ import annotations

from typing import cast

import pytest
from openai import OpenAI

from local_aws import deployment as local_edition
from local_aws.servers import Servers
from tests.embedding.stub_server import StubServer
from tests.operations.transfer.test_on_servers import MODEL, answers, command, fill
from vectorlog.runtime.aws import tables

pytestmark = pytest.mark.aws


def seen(client: OpenAI, store: str) -> dict[str, object]:
    """Answers without what changes within a minute, and without scores: a shard's word statistics include deleted
    chunks.
    """
    given = answers(client, store)
    texts = sorted(cast("dict[str, object]", given["found"]))
    counts = [each.file_counts for each in client.vector_stores.list().data]
    return {
        "files": given["files"],
        "contents": given["contents"],
        "bytes": given["bytes"],
        "found": texts,
        "counts": counts,
    }


def test_both(servers: Servers) -> None:
    """Functions that write a second table keep it current, the command fills it, and the deployment that reads it
    answers as before; the same holds for a new index, and verify finds no difference in either.
    """
    second = "second-views"
    dynamodb = servers.client("dynamodb")
    dynamodb.create_table(**tables.views(second))
    try:
        with StubServer(dimensions=1536) as stub:
            variables = {
                "VECTORLOG_MODELS": MODEL,
                "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url,
                "VECTORLOG_VIEWS_ALSO": second,
            }
            with local_edition.running(servers, variables=variables) as deployment:
                client, given = (
                    OpenAI(base_url=f"{deployment.url}/v1", api_key=deployment.key),
                    dict(deployment.variables),
                )
                store = fill(client)
                expected = seen(client, store)
                assert "commits were projected" in command("rebuild", "views", "--edition", "aws", **given)
                swapped = given | {
                    "VECTORLOG_VIEWS_TABLE": second,
                    "VECTORLOG_VIEWS_ALSO": given["VECTORLOG_VIEWS_TABLE"],
                }
                assert " 0 differences" in command("verify", "--edition", "aws", **swapped)
                assert "3 files were indexed" in command("rebuild", "index", "--edition", "aws", **given)
                assert seen(client, store) == expected
                assert " 0 differences" in command("verify", "--edition", "aws", **given)
    finally:
        dynamodb.delete_table(TableName=second)
