"""A search of a collection that sleeps: both clients wait as long as the server says, and then get their answer."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from meetkai_mka1 import SDK
from meetkai_mka1.utils import BackoffStrategy, RetryConfig
from openai import DefaultHttpxClient, OpenAI

from local_aws import deployment
from local_aws.collection import Sleep
from local_aws.deployment import RunningDeployment
from local_aws.servers import Servers
from tests.clients.service import HeldStub

pytestmark = [pytest.mark.aws, pytest.mark.long]
WAKES_S = 20.0
PATIENT = RetryConfig("backoff", BackoffStrategy(500, 60_000, 1.5, 120_000), retry_connection_errors=True)


@pytest.fixture
def asleep(servers: Servers) -> Iterator[RunningDeployment]:
    """A deployment whose collection is asleep."""
    with HeldStub(dimensions=1536) as stub:
        variables = {
            "VECTORLOG_MODELS": "openai:text-embedding-3-small",
            "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url,
        }
        sleep = Sleep(wakes_s=WAKES_S, at_first=True)
        with deployment.running(servers, variables=variables, index="serverless", sleep=sleep) as made:
            yield made


@pytest.mark.parametrize("client", ["openai", "mka1"])
def test_clients_come_again(asleep: RunningDeployment, client: str) -> None:
    """The first answer is a 503 that says why and when to come again; `openai`, and MKA1's client if it was made with
    retries, do so by themselves and get their answers.
    """
    answers: list[httpx.Response] = []

    def note(response: httpx.Response) -> None:
        response.read()
        answers.append(response)

    with (
        DefaultHttpxClient(event_hooks={"response": [note]}) as for_openai,
        httpx.Client(timeout=60, event_hooks={"response": [note]}) as for_mka1,
    ):
        openai = OpenAI(base_url=f"{asleep.url}/v1", api_key=asleep.key, http_client=for_openai)
        mka1 = SDK(bearer_auth=asleep.key, server_url=asleep.url, client=for_mka1, retry_config=PATIENT)
        store = openai.vector_stores.create(name="asleep").id
        answers.clear()
        if client == "openai":
            assert openai.vector_stores.search(store, query="fox").data == []
        else:
            assert mka1.llm.vector_stores.search(vector_store_id=store, query="fox").data == []
    assert [each.status_code for each in answers] == [503, 200]
    assert answers[0].headers["retry-after"] == "15"
    assert "was asleep and is being started" in answers[0].text
