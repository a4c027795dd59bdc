"""Keys, on new servers: who is let in, and that projects see nothing of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from click.testing import CliRunner, Result
from meetkai_mka1 import SDK
from meetkai_mka1.errors import GetFileContentUnauthorizedError, SDKDefaultError
from openai import OpenAI

from tests.clients.conftest import EDITION, URL, long_locally
from tests.clients.service import HeldStub, eventually, running
from vectorlog.cli.keys import command as keys_command

pytestmark = pytest.mark.skipif(bool(URL) or EDITION != "local", reason="needs the data folder of its server")

Connect = Callable[[str | None], OpenAI]


def keys(data: Path, *arguments: str) -> Result:
    """`vectorlog keys …` beside the running server, in this process, which takes a tenth of the time of a new one."""
    command, *rest = arguments
    return CliRunner().invoke(keys_command, [command, "--data", str(data), *rest])


def created(data: Path, project: str, *flags: str) -> str:
    made = keys(data, "create", "--project", project, *flags)
    assert made.exit_code == 0, made.output
    return made.stdout.strip()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def connect(data: Path, stub: HeldStub) -> Iterator[Connect]:
    """Clients of a new server, each with a key."""
    with running(data, stub) as url:
        yield lambda key: OpenAI(base_url=f"{url}/v1", api_key=key or "any", max_retries=0)


@long_locally
def test_from_open_to_revoked(connect: Connect, data: Path) -> None:
    """The server is open until the first key is created; then only keys are accepted, and a revoked one fails from the
    next request on.
    """
    anybody = connect(None)
    store = anybody.vector_stores.create(name="from before").id
    secret = created(data, "default", "--name", "laptop")
    with pytest.raises(openai.AuthenticationError) as caught:
        anybody.vector_stores.list()
    assert (caught.value.code, caught.value.type, caught.value.param) == (
        "invalid_api_key",
        "invalid_request_error",
        None,
    )
    assert "Incorrect API key provided: ********." in caught.value.message
    assert caught.value.request_id
    client = connect(secret)
    assert [each.id for each in client.vector_stores.list()] == [store]
    listed = keys(data, "list").stdout
    key, state, scope, *_, project, name = listed.split()
    assert (state, scope, project, name) == ("active", "admin", "default", "laptop")
    assert secret not in listed
    assert keys(data, "revoke", key).exit_code == 0
    with pytest.raises(openai.AuthenticationError):
        client.vector_stores.list()
    with pytest.raises(openai.AuthenticationError):  # no key is left, but there was one
        anybody.vector_stores.list()
    assert " revoked " in keys(data, "list").stdout
    assert keys(data, "revoke", "key_unknown").exit_code == 1


@long_locally
def test_projects_see_nothing_of_each_other(connect: Connect, data: Path) -> None:
    """With another project's key everything is a 404, every list is empty, and nothing changes."""
    ours, theirs = (connect(created(data, project)) for project in ("ours", "theirs"))
    file = ours.files.create(file=("a.txt", b"ours alone"), purpose="assistants").id
    store = ours.vector_stores.create(name="ours", file_ids=[file]).id
    batch = ours.vector_stores.file_batches.create_and_poll(store, file_ids=[file]).id
    own = theirs.vector_stores.create().id
    calls: list[Callable[[], Any]] = [
        lambda: theirs.files.retrieve(file),
        lambda: theirs.files.content(file),
        lambda: theirs.files.delete(file),
        lambda: theirs.vector_stores.retrieve(store),
        lambda: theirs.vector_stores.update(store, name="theirs"),
        lambda: theirs.vector_stores.delete(store),
        lambda: theirs.vector_stores.search(store, query="ours"),
        lambda: theirs.vector_stores.create(file_ids=[file]),
        lambda: theirs.vector_stores.files.create(own, file_id=file),
        lambda: theirs.vector_stores.files.create(store, file_id=file),
        lambda: theirs.vector_stores.files.list(store),
        lambda: theirs.vector_stores.files.retrieve(file, vector_store_id=store),
        lambda: theirs.vector_stores.files.update(file, vector_store_id=store, attributes={}),
        lambda: theirs.vector_stores.files.content(file, vector_store_id=store),
        lambda: theirs.vector_stores.files.delete(file, vector_store_id=store),
        lambda: theirs.vector_stores.file_batches.create(own, file_ids=[file]),
        lambda: theirs.vector_stores.file_batches.retrieve(batch, vector_store_id=store),
        lambda: theirs.vector_stores.file_batches.retrieve(batch, vector_store_id=own),
        lambda: theirs.vector_stores.file_batches.cancel(batch, vector_store_id=store),
        lambda: theirs.vector_stores.file_batches.list_files(batch, vector_store_id=store),
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError):
            call()
    # A header cannot cross projects either: an end user belongs to the key's project.
    assert [each.id for each in theirs.vector_stores.list()] == [own]
    assert theirs.vector_stores.list(extra_headers={"X-On-Behalf-Of": "ours"}).data == []
    assert theirs.files.list().data == theirs.files.list(extra_headers={"X-On-Behalf-Of": "ours"}).data == []
    for cursor in ("after", "before"):
        with pytest.raises(openai.BadRequestError):
            theirs.vector_stores.list(extra_query={cursor: store})
    assert ours.vector_stores.search(store, query="ours").data[0].file_id == file
    assert ours.vector_stores.retrieve(store).name == "ours"


def test_without_a_key(connect: Connect, data: Path) -> None:
    """Without a key, or with another scheme: a 401 in the envelope that says what to send, on both prefixes, even for
    unknown ids.
    """
    url = str(connect(None).base_url).removesuffix("/v1/")
    created(data, "ours")
    with httpx.Client(base_url=url) as client:
        for path in ("/v1/files", "/v1/vector_stores/vs_1", "/api/v1/llm/vector_stores", "/api/v1/llm/files/file-1"):
            for headers in ({}, {"Authorization": "Basic b3VyczpvdXJz"}, {"Authorization": "Bearer"}):
                answer = client.get(path, headers=headers)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
                error = answer.json()["error"]
                assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)
                assert "Authorization: Bearer" in error["message"]
        assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_mka1_client_reads_what_a_wrong_key_is_told(connect: Connect, data: Path) -> None:
    """MKA1's client can read the error for a wrong key, even for a download, whose code must not be a word."""
    created(data, "ours")
    sdk = SDK(bearer_auth="wrong", server_url=str(connect(None).base_url).removesuffix("/v1/"))
    with pytest.raises(GetFileContentUnauthorizedError, match="Incorrect API key provided"):
        sdk.llm.files.content(file_id="file-1")
    with pytest.raises(SDKDefaultError, match="Incorrect API key provided") as caught:
        sdk.llm.vector_stores.list()
    assert caught.value.status_code == 401


def test_keys_of_one_project(connect: Connect, data: Path) -> None:
    """`keys list` and `keys revoke` can be limited to a project: another project's key is neither shown nor revoked."""
    ours = connect(created(data, "ours"))
    created(data, "theirs")
    listed = keys(data, "list", "--project", "ours").stdout.split()
    assert "ours" in listed
    assert "theirs" not in listed
    assert keys(data, "revoke", "--project", "theirs", listed[0]).exit_code == 1
    assert ours.vector_stores.list().data == []
    assert keys(data, "create", "--project", "a/b").exit_code == 2


def test_other_machines_need_a_key(data: Path, stub: HeldStub) -> None:
    """On an address that other machines can reach, a key is required even before the first one is created."""
    with running(data, stub, "--host", "0.0.0.0") as url:
        url = url.replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(openai.AuthenticationError):
            OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0).vector_stores.list()
        client = OpenAI(base_url=f"{url}/v1", api_key=created(data, "ours"), max_retries=0)
        assert client.vector_stores.list().data == []


@long_locally
def test_scope_and_expiry(connect: Connect, data: Path) -> None:
    """The first key may administer its project, and later ones write, unless flags say otherwise."""
    created(data, "ours", "--name", "first")
    created(data, "ours", "--name", "second")
    every = created(data, "ours", "--name", "every", "--all-projects")
    reader = connect(created(data, "ours", "--name", "reader", "--scope", "read", "--expires", "90d"))
    shown = {line.split()[-1]: line.split()[1:3] for line in keys(data, "list").stdout.splitlines()}
    assert shown == {
        "first": ["active", "admin"],
        "second": ["active", "write"],
        "every": ["active", "admin*"],
        "reader": ["active", "read"],
    }
    assert reader.vector_stores.list().data == []
    with pytest.raises(openai.PermissionDeniedError):
        reader.vector_stores.create()
    admin = OpenAI(base_url=connect(None).base_url, api_key=every, admin_api_key=every)
    assert len(admin.admin.organization.admin_api_keys.list().data) == 4
    brief = connect(created(data, "ours", "--name", "brief", "--expires", "1s"))
    reason = eventually(lambda: why_refused(brief), bool)
    assert "has expired" in reason
    assert [line.split()[1] for line in keys(data, "list").stdout.splitlines() if "brief" in line] == ["expired"]


def why_refused(client: OpenAI) -> str:
    """Returns why a client's key is refused; "" if it is accepted."""
    try:
        client.vector_stores.list()
    except openai.AuthenticationError as error:
        return error.message
    return ""


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--scope", "owner"), "--scope"),
        (("--expires", "soon"), "2027-01-31"),
        (("--expires", "2001-01-01"), "not in the future"),
        (("--expires", "0d"), "not in the future"),
        (("--all-projects", "--scope", "write"), "--all-projects"),
    ],
)
def test_bad_flags(data: Path, flags: Sequence[str], named: str) -> None:
    """What is wrong with a flag is said, and no key is created."""
    refused = keys(data, "create", "--project", "ours", *flags)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert named in refused.stderr
    assert keys(data, "list").stdout == ""


@long_locally
def test_first_key_over_the_api(connect: Connect) -> None:
    """The API of a server without keys creates the first one, which administers every project; from then on the server
    answers only to keys.
    """
    anybody = connect(None)
    open_to_all = OpenAI(base_url=anybody.base_url, api_key="any", admin_api_key="any", max_retries=0)
    admin_keys = open_to_all.admin.organization.admin_api_keys
    assert admin_keys.list().data == []
    with pytest.raises(openai.BadRequestError, match="first key") as refused:
        admin_keys.create(name="reader", extra_body={"scope": "read"})
    assert refused.value.param == "scope"
    first = admin_keys.create(name="first").value
    with pytest.raises(openai.AuthenticationError):
        anybody.vector_stores.list()
    admin = OpenAI(base_url=anybody.base_url, api_key=first, admin_api_key=first, max_retries=0)
    for project in ("ours", "theirs"):
        made = admin.admin.organization.admin_api_keys.create(
            name=project, extra_body={"project_id": project, "scope": "write"}
        )
        assert connect(made.value).vector_stores.create(name=project).name == project
    assert admin.vector_stores.list().data == []
