"""Real clients on a live server.

Set VECTORLOG_TEST_EDITION=aws to drive the AWS edition on the local servers (`./dev test aws` does), with
VECTORLOG_TEST_INDEX=serverless on a collection of OpenSearch Serverless, or
VECTORLOG_TEST_URL (and VECTORLOG_TEST_KEY) to drive an external server. Each test acts as a separate end user, so other
data does not matter. Tests of keys and settings need a new local server and are skipped otherwise.
"""

from __future__ import annotations

import os
import ssl
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import httpx2
import pytest
from meetkai_mka1 import SDK
from openai import DefaultHttpxClient, OpenAI
from openai.types import FileObject

from local_aws import deployment as local_edition
from tests.clients import node_client
from tests.clients.administered import Administered
from tests.clients.command_line import CommandLine
from tests.clients.described import Specification, fetched
from tests.clients.service import HeldStub, Service, running
from vectorlog.embedding.offers import OPENAI

URL = os.environ.get("VECTORLOG_TEST_URL", "").rstrip("/")
KEY = os.environ.get("VECTORLOG_TEST_KEY", "any")
EDITION = os.environ.get("VECTORLOG_TEST_EDITION", "local")
INDEX = cast("local_edition.Index", os.environ.get("VECTORLOG_TEST_INDEX", "domain"))
NOT_DESCRIBED = ("/mcp", "/view/", "/.well-known/")
"""Begins the paths that are no part of the API's specification: MCP describes itself, and pages are for people."""

collect_ignore = (
    [f"test_cli_{name}.py" for name in ("keys", "pull", "search", "sync", "webhooks")] + ["test_mcp_stdio.py"]
    if EDITION == "aws" and os.environ.get("VECTORLOG_TEST_EXAMPLES") != "all"
    else []
)
"""Programs that know a server by its URL alone, so that the edition hardly matters to them: they run on AWS's if
VECTORLOG_TEST_EXAMPLES is `all`, and `vectorlog ingest` always, because of its uploads in parts.
"""

long_locally = pytest.mark.long if EDITION == "local" else pytest.mark.usefixtures()
"""Marks a test that the quick suite leaves out. On AWS, where there is no quick suite, it runs."""

Upload = Callable[..., FileObject]
Attached = Callable[..., FileObject]


def new_text(words: str = "text") -> str:
    """These words, and one that no text has had before: vectors of equal texts are remembered."""
    return f"{words} {uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def stub() -> Iterator[HeldStub]:
    with HeldStub(dimensions=1536) as stub:  # as text-embedding-3-small, the first offered model
        yield stub


@pytest.fixture(scope="session")
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    if URL:
        yield Service(URL, KEY, None)
        return
    stub = request.getfixturevalue("stub")
    if EDITION == "aws":
        models = ",".join(f"openai:{name}" for name in OPENAI)
        variables = {"VECTORLOG_MODELS": models, "VECTORLOG_EMBEDDING_BASE_URL": stub.base_url}
        variables |= {"VECTORLOG_WEBHOOK_ALLOW_PRIVATE": "True"}  # the receivers of the tests are on this machine
        servers = request.getfixturevalue("servers")
        with local_edition.running(servers, variables=variables, index=INDEX) as deployment:
            yield Service(deployment.url, deployment.key, stub)
        return
    with running(tmp_path_factory.mktemp("service") / "data", stub, cold=True) as url:
        yield Service(url, KEY, stub)


@pytest.fixture(scope="session")
def administered(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Administered]:
    """A server with keys: the AWS edition's always has them, and in the local edition a new server gets its first one
    from its own API.
    """
    if URL:
        pytest.skip("needs a server of its own")
    if EDITION == "aws":
        service = request.getfixturevalue("service")
        yield Administered(service.url, service.key)
        return
    with running(
        tmp_path_factory.mktemp("administered") / "data", request.getfixturevalue("stub"), "--webhook-allow-private"
    ) as url:
        request.getfixturevalue("specification").urls.add(url)
        opened = Administered(url, "any")
        yield Administered(url, opened.client().admin.organization.admin_api_keys.create(name="first").value)


@pytest.fixture(scope="session")
def specification(service: Service) -> Iterator[Specification]:
    """What the server says about itself. Every answer to a request of any of the tests' clients is compared with it."""
    described = fetched(service.url)
    with pytest.MonkeyPatch.context() as patch:
        for library in (httpx, httpx2):
            _watch(patch, library, described)
        yield described


@pytest.fixture(autouse=True)
def _as_described(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test if an answer that it got is not as the specification says."""
    if not {"service", "administered", "openai_client", "mka1_client", "raw"} & set(request.fixturenames):
        yield
        return
    described: Specification = request.getfixturevalue("specification")
    described.faults.clear()
    yield
    assert not described.faults, "\n".join(described.faults[:5])


def _watch(patch: pytest.MonkeyPatch, library: Any, described: Specification) -> None:
    """Notes the answers that a library's clients get from the servers that are described."""
    send, send_async = library.Client.send, library.AsyncClient.send

    def note(response: Any) -> None:
        for each in (*response.history, response):
            if each.is_closed and str(each.request.url).startswith(tuple(f"{url}/" for url in described.urls)):
                path = each.request.url.raw_path.partition(b"?")[0].decode()
                if path.startswith(NOT_DESCRIBED):
                    continue
                described.note(each.request.method, path, each.status_code, each.headers, each.content)

    def watched(client: Any, request: Any, **options: Any) -> Any:
        response = send(client, request, **options)
        note(response)
        return response

    async def watched_async(client: Any, request: Any, **options: Any) -> Any:
        response = await send_async(client, request, **options)
        note(response)
        return response

    patch.setattr(library.Client, "send", watched)
    patch.setattr(library.AsyncClient, "send", watched_async)


@pytest.fixture(scope="session")
def openai_pool() -> Iterator[DefaultHttpxClient]:
    """Connections for all `openai` clients: a new pool for each would take 30 ms."""
    with DefaultHttpxClient() as pool:
        yield pool


@pytest.fixture(scope="session")
def pool() -> Iterator[httpx.Client]:
    """Connections for `mka1_client` and `raw`."""
    with httpx.Client(timeout=60) as pool:
        yield pool


@pytest.fixture(scope="session")
def context() -> ssl.SSLContext:
    """What a client would read from its list of certificates, in 30 ms, though no test speaks TLS."""
    return ssl.create_default_context()


@pytest.fixture
def user() -> str:
    """The end user of a test, whose lists show nothing of other tests."""
    return f"user-{uuid.uuid4().hex}"


@pytest.fixture
def cli(service: Service, user: str) -> CommandLine:
    return CommandLine(service, user)


@pytest.fixture
def openai_client(service: Service, openai_pool: DefaultHttpxClient, user: str) -> OpenAI:
    headers = {"X-On-Behalf-Of": user}
    return OpenAI(base_url=f"{service.url}/v1", api_key=service.key, http_client=openai_pool, default_headers=headers)


@pytest.fixture
def me(user: str) -> dict[str, Any]:
    """Makes a call of `mka1_client` act as the same end user as `openai_client`."""
    return {"x_on_behalf_of": user}


@pytest.fixture
def mka1_client(service: Service, pool: httpx.Client) -> SDK:
    """Acts for the project, or for an end user with `x_on_behalf_of`; refuses answers that differ from MKA1's
    specification.
    """
    return SDK(bearer_auth=service.key, server_url=service.url, client=pool)


@pytest.fixture
def raw(service: Service, user: str, context: ssl.SSLContext) -> Iterator[httpx.Client]:
    """Sends requests that no client would."""
    headers = {"Authorization": f"Bearer {service.key}", "X-On-Behalf-Of": user}
    with httpx.Client(base_url=service.url, headers=headers, timeout=60, verify=context) as raw:
        yield raw


@pytest.fixture
def upload(openai_client: OpenAI) -> Upload:
    """Uploads a text or bytes under a name."""

    def upload(content: str | bytes, name: str = "note.txt", **fields: Any) -> FileObject:
        data = content.encode() if isinstance(content, str) else content
        return openai_client.files.create(file=(name, data), **{"purpose": "assistants", **fields})

    return upload


@pytest.fixture
def attached(openai_client: OpenAI, upload: Upload) -> Attached:
    """Uploads a text, attaches it to a store and waits until it is completed."""

    def attached(store: str, content: str, name: str = "note.txt", **settings: Any) -> FileObject:
        file = upload(content, name)
        row = openai_client.vector_stores.files.create_and_poll(file.id, vector_store_id=store, **settings)
        assert row.status == "completed", row.last_error
        return file

    return attached


@pytest.fixture
def store(openai_client: OpenAI) -> str:
    """An empty store."""
    return openai_client.vector_stores.create(name="test").id


@pytest.fixture(scope="session")
def node() -> Path:
    """A folder with the `openai` client for Node and the scripts that use it."""
    return node_client.fetched()


@pytest.fixture
def embedding_held(service: Service) -> Iterator[Callable[[], None]]:
    """Holds back all embedding until this function is called, so that attached files stay in progress. Not those whose
    text was embedded before: use a `new_text`.

    An external server cannot be held; there, a test must act before the first file is completed.
    """
    if service.stub is None:
        yield lambda: None
        return
    service.stub.released.clear()
    yield service.stub.released.set
    service.stub.released.set()
