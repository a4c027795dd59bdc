"""The whole API without sockets: every route, both dialects, keys, repeats, and what must never be a 500."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar
from unittest.mock import ANY
from urllib.parse import quote

import httpx
import pytest

from tests.api.client import Client, Clock
from vectorlog.api.app import App
from vectorlog.api.request import Request
from vectorlog.api.routes import ROUTES, Route
from vectorlog.deployment import Deployment
from vectorlog.domain import store_file
from vectorlog.domain.api_key import Credential
from vectorlog.domain.ids import store_file_stream
from vectorlog.domain.store_file import Ingested
from vectorlog.domain.vectors import Chunk, Space
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.files import artefact
from vectorlog.index.chunk_index import FileChunks
from vectorlog.runtime.local.http import asgi_app
from vectorlog.runtime.local.server import send_blob
from vectorlog.use_cases import api_keys

NO_STORE = "vs_" + "0" * 32
NO_FILE = "file-" + "0" * 22
NO_BATCH = "vsfb_" + "0" * 32
PREFIXES = ("/v1", "/api/v1/llm")


def ingest(deployment: Deployment, store: str, file: str, text: str) -> None:
    """What the worker does, for a file of one chunk."""
    stream, space = store_file_stream(store, file), Space("local:stub", 8)
    state = deployment.streams.load(STORE_FILE, stream).state
    assert state.placement is not None
    chunk = Chunk(0, text, (deployment.models.embedder(space).query(text),))
    row = state.placement.row(file)
    deployment.blobs.put([artefact.text_item(store, file, state.generation, text)])
    deployment.index.add(
        space, [FileChunks(store, file, state.generation, row, state.revision, state.attributes, (chunk,))]
    )
    done = Ingested(deployment.clock(), state.generation, 1, len(text.encode()), 0, state.revision)
    outcome = deployment.streams.decide(STORE_FILE, stream, lambda found: store_file.ingested(found, done))
    assert outcome.decision is not None
    deployment.views.apply([outcome.decision])


def path_of(route: Route, prefix: str) -> str:
    ids = {"<vector_store_id>": NO_STORE, "<file_id>": NO_FILE, "<batch_id>": NO_BATCH, "<user_id>": "bob"}
    path = route.path
    for name, value in ids.items():
        path = path.replace(name, value)
    return prefix + path


class TestFiles:
    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_upload_list_get_download_delete(self, client: Client, prefix: str) -> None:
        """A file comes back byte for byte under its name and type, and is gone after its delete."""
        body = "héllo\n" * 1000
        sent = client(
            "POST", f"{prefix}/files", files={"file": ("ü.md", body.encode())}, data={"purpose": "user_data"}
        ).json()
        file = f"{prefix}/files/{sent['id']}"
        assert (sent["filename"], sent["bytes"], sent["status"]) == ("ü.md", len(body.encode()), "processed")
        assert client.get(file).json() == sent
        assert client.get(f"{prefix}/files?purpose=user_data&sha256={sent['sha256']}").json()["data"] == [sent]
        assert client.get(f"{prefix}/files?purpose=batch").json()["data"] == []
        content = client.get(f"{file}/content")
        assert content.content == body.encode()
        assert content.headers["content-type"] == "text/markdown; charset=utf-8"
        assert client("DELETE", file).json() == {"id": sent["id"], "object": "file", "deleted": True}
        for answer in (client.get(file), client.get(f"{file}/content"), client("DELETE", file)):
            assert (answer.status_code, answer.json()["error"]["message"]) == (
                404,
                f"No such File object: {sent['id']}",
            )

    @pytest.mark.parametrize(
        ("files", "fields", "param", "code", "message"),
        [
            ({}, {"purpose": "assistants", "x": "y"}, "x", "unknown_parameter", "Unknown"),
            ({"file": ("a", b"")}, {}, "purpose", "missing_required_parameter", "'purpose'"),
            ({"other": ("a", b"")}, {"purpose": "assistants"}, "other", "unknown_parameter", "'other'"),
            ({"file": ("a", b"")}, {"purpose": "fun"}, "purpose", None, "'fun' is not one of ['assistants', 'batch', "),
            ({"file": ("a", b"")}, {"purpose": ["batch", "vision"]}, "purpose", "duplicate_parameter", "'purpose'"),
            ({"file": (" ", b"")}, {"purpose": "batch"}, "file", "invalid_value", "filename is empty"),
            ({"file": ("x" * 1025, b"")}, {"purpose": "batch"}, "file", "string_above_max_length", "1024"),
            (
                {"file": ("a", b"")},
                {"purpose": "batch", "expires_after[anchor]": "created_at"},
                "expires_after[seconds]",
                "missing_required_parameter",
                "",
            ),
            (
                {"file": ("a", b"")},
                {"purpose": "batch", "expires_after[anchor]": "now", "expires_after[seconds]": "3600"},
                "expires_after[anchor]",
                "invalid_value",
                "'created_at'",
            ),
        ],
    )
    def test_wrong_forms(
        self, client: Client, files: Any, fields: Any, param: str, code: str | None, message: str
    ) -> None:
        """A form that is wrong keeps nothing, and names what is wrong."""
        files = files or {"file": ("a", b"")}
        answer = client("POST", "/v1/files", files=files, data=fields)
        error = answer.json()["error"]
        assert (answer.status_code, error["param"], error["code"]) == (400, param, code)
        assert message in error["message"]
        assert client.get("/v1/files").json()["data"] == []

    def test_filenames_have_no_control_characters(self, client: Client) -> None:
        """Clients escape them; a raw one is refused and never stored."""
        head = b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x\r\n'
        file = b'Content-Disposition: form-data; name="file"; filename="a\tb"\r\n\r\nhello\r\n--x--\r\n'
        answer = client(
            "POST", "/v1/files", content=head + file, headers={"content-type": "multipart/form-data; boundary=x"}
        )
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "file")

    def test_a_field_twice_is_refused(self, client: Client) -> None:
        """One of them would be ignored, also where one is a file and the other text."""
        purpose, file = ("purpose", (None, "batch")), ("file", ("a", b"x"))
        for parts in ([purpose, purpose, file], [purpose, file, file], [purpose, file, ("file", (None, "x"))]):
            answer = client("POST", "/v1/files", files=parts)
            assert answer.status_code == 400
            assert "file" in answer.json()["error"]["message"] or "purpose" in answer.json()["error"]["message"]
        assert client.get("/v1/files").json()["data"] == []

    def test_a_file_field_must_be_a_file(self, client: Client) -> None:
        """A text field named `file` is told from a missing one."""
        for fields, code in (
            ({"purpose": (None, "batch"), "file": (None, "x")}, "invalid_type"),
            ({"purpose": (None, "batch")}, "missing_required_parameter"),
        ):
            error = client("POST", "/v1/files", files=fields).json()["error"]
            assert (error["param"], error["code"]) == ("file", code)

    def test_forms_and_json_are_told_apart(self, client: Client) -> None:
        """An upload needs a form, everything else JSON."""
        assert "multipart/form-data" in client.post("/v1/files", {"purpose": "batch"}).json()["error"]["message"]
        assert (
            "application/json"
            in client("POST", "/v1/vector_stores", files={"file": ("a", b"")}).json()["error"]["message"]
        )
        packed = json.dumps({"fields": {"purpose": ["batch"]}, "files": {}})
        assert (
            client(
                "POST", "/v1/files", content=packed, headers={"content-type": "application/vnd.vectorlog.form+json"}
            ).status_code
            == 400
        )

    def test_expiry(self, client: Client, clock: Clock) -> None:
        """Files of purpose batch expire after 30 days, others when asked to; afterwards they are not there."""
        asked = client(
            "POST",
            "/v1/files",
            files={"file": ("a", b"x")},
            data={"purpose": "vision", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"},
        ).json()
        batch, other = client.upload(purpose="batch"), client.upload()
        lifetimes = [each["expires_at"] and each["expires_at"] - each["created_at"] for each in (asked, batch, other)]
        assert lifetimes == [3600, 30 * 86_400, None]
        clock.now += 3_600_000
        assert [client.get(f"/v1/files/{each['id']}").status_code for each in (asked, batch)] == [404, 200]


class TestStores:
    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_create_list_get_modify_delete(self, client: Client, prefix: str) -> None:
        """What was created is shown, changed field by field, and gone after its delete."""
        body = {"name": "n", "metadata": {"a": "b"}, "expires_after": {"anchor": "last_active_at", "days": 3}}
        made = client.post(f"{prefix}/vector_stores", body).json()
        store = f"{prefix}/vector_stores/{made['id']}"
        assert (made["name"], made["metadata"], made["status"], made["embedding_model"]) == (
            "n",
            {"a": "b"},
            "completed",
            "local:stub",
        )
        assert client.get(store).json() == made
        assert [each["id"] for each in client.get(f"{prefix}/vector_stores").json()["data"]] == [made["id"]]
        kept = client.post(store, {"name": None}).json()
        assert (kept["name"], kept["metadata"], kept["expires_after"]) == (None, {"a": "b"}, body["expires_after"])
        cleared = client.post(store, {"metadata": None, "expires_after": None}).json()
        assert (cleared["metadata"], cleared["expires_after"], cleared["expires_at"]) == ({}, None, None)
        assert client("DELETE", store).json() == {"id": made["id"], "object": "vector_store.deleted", "deleted": True}
        assert client.get(store).json()["error"]["message"] == f"No vector store found with id '{made['id']}'."

    def test_a_store_needs_no_body(self, client: Client) -> None:
        """An empty body makes a store."""
        assert client("POST", "/v1/vector_stores").status_code == 200

    def test_pages(self, client: Client) -> None:
        """Every store is on one page, in both directions, and the last page says so."""
        made = [client.post("/v1/vector_stores", {}).json()["id"] for _ in range(3)]
        first = client.get("/v1/vector_stores?limit=2&order=asc").json()
        assert ([each["id"] for each in first["data"]], first["first_id"], first["last_id"], first["has_more"]) == (
            made[:2],
            made[0],
            made[1],
            True,
        )
        rest = client.get(f"/v1/vector_stores?limit=2&order=asc&after={first['last_id']}").json()
        assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (made[2:], False)

    def test_an_unknown_file_makes_no_store(self, client: Client) -> None:
        """The answer is 404, and nothing was made."""
        answer = client.post("/v1/vector_stores", {"file_ids": [client.upload()["id"], NO_FILE]})
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, f"No such File object: {NO_FILE}")
        assert client.get("/v1/vector_stores").json()["data"] == []

    @pytest.mark.parametrize(("prefix", "status", "look"), [("/v1", 400, 200), ("/api/v1/llm", 410, 410)])
    def test_an_expired_store(self, client: Client, clock: Clock, prefix: str, status: int, look: int) -> None:
        """It refuses its use in the dialect's way, is listed as expired, and can be deleted."""
        body = {"expires_after": {"anchor": "last_active_at", "days": 1}}
        store = f"{prefix}/vector_stores/{client.post(f'{prefix}/vector_stores', body).json()['id']}"
        clock.now += 86_400_000
        for answer in (
            client.post(f"{store}/search", {"query": "a"}),
            client.get(f"{store}/files"),
            client.post(store, {"name": "x"}),
        ):
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["param"]) == (status, "vector_store_expired", None)
        assert client.get(store).status_code == look
        assert client.get(f"{prefix}/vector_stores").json()["data"][0]["status"] == "expired"
        assert client("DELETE", store).status_code == 200


class TestStoreFiles:
    @pytest.mark.parametrize(("prefix", "chunking"), [("/v1", "static"), ("/api/v1/llm", "auto")])
    def test_attach_list_get_update_search_read_detach(
        self, client: Client, deployment: Deployment, prefix: str, chunking: str
    ) -> None:
        """A file goes all its way, and is gone from lists and search after its detach."""
        file = client.upload("the quick brown fox")["id"]
        store = client.post(f"{prefix}/vector_stores", {}).json()["id"]
        files = f"{prefix}/vector_stores/{store}/files"
        attached = client.post(files, {"file_id": file, "attributes": {"k": 1}}).json()
        assert (attached["id"], attached["status"], attached["chunking_strategy"]["type"]) == (
            file,
            "in_progress",
            chunking,
        )
        waiting = client.get(f"{files}/{file}")
        assert waiting.headers["openai-poll-after-ms"] == "100"
        assert client.get(f"{files}/{file}/content").json()["error"]["code"] is not None
        ingest(deployment, store, file, "the quick brown fox")
        ready = client.get(f"{files}/{file}")
        assert (ready.json()["status"], ready.json()["usage_bytes"], ready.headers.get("openai-poll-after-ms")) == (
            "completed",
            19,
            None,
        )
        body = {
            "query": ["fox", "dog"],
            "filters": {"type": "eq", "key": "k", "value": 1.0},
            "ranking_options": {"score_threshold": 0.1},
        }
        found = client.post(f"{prefix}/vector_stores/{store}/search", body).json()
        (hit,) = found["data"]
        assert (hit["file_id"], hit["attributes"], hit["content"]) == (
            file,
            {"k": 1},
            [{"type": "text", "text": "the quick brown fox", "location": ANY}],
        )
        assert found["search_query"] == (["fox", "dog"] if prefix == "/v1" else "fox\ndog")
        assert client.post(f"{files}/{file}", {"attributes": {"k": 2}}).json()["attributes"] == {"k": 2}
        assert client.post(f"{prefix}/vector_stores/{store}/search", body).json()["data"] == []
        shown = client.get(f"{files}/{file}/content").json()
        assert (shown.get("data") or shown["content"]) == [{"type": "text", "text": "the quick brown fox"}]
        assert [each["id"] for each in client.get(f"{files}?filter=completed").json()["data"]] == [file]
        assert client.get(f"{files}?filter=failed").json()["data"] == []
        assert client("DELETE", f"{files}/{file}").json()["object"] == "vector_store.file.deleted"
        assert client.get(f"{files}/{file}").status_code == 404
        assert client("DELETE", f"{files}/{file}").status_code == 404
        assert client.post(f"{prefix}/vector_stores/{store}/search", {"query": "fox"}).json()["data"] == []

    @pytest.mark.parametrize(
        "ranking",
        [
            {"ranker": "none"},
            {"ranker": "default-2024-11-15"},
            {"hybrid_search": {"embedding_weight": 0, "text_weight": 1}},
            {"hybrid_search": {"embedding_weight": 1e308, "text_weight": 1e308}},
            {"hybrid_search": {"embedding_weight": 5e-324, "text_weight": 0}},
        ],
    )
    def test_every_ranking_finds_the_file(
        self, client: Client, deployment: Deployment, ranking: dict[str, Any]
    ) -> None:
        """Each ranking scores between 0 and 1, with weights of any size."""
        file, store = client.upload()["id"], client.post("/v1/vector_stores", {}).json()["id"]
        client.post(f"/v1/vector_stores/{store}/files", {"file_id": file})
        ingest(deployment, store, file, "fox")
        (hit,) = client.post(f"/v1/vector_stores/{store}/search", {"query": "fox", "ranking_options": ranking}).json()[
            "data"
        ]
        assert 0.5 < hit["score"] <= 1


class TestBatches:
    @pytest.mark.parametrize("prefix", PREFIXES)
    def test_create_get_list_cancel(self, client: Client, prefix: str) -> None:
        """All files are in progress from the first answer on; a cancel ends what is unfinished, immediately and
        for good.
        """
        ids = [client.upload(name)["id"] for name in "abc"]
        store = client.post(f"{prefix}/vector_stores", {}).json()["id"]
        batches = f"{prefix}/vector_stores/{store}/file_batches"
        made = client.post(
            batches, {"files": [{"file_id": each, "attributes": {"n": n}} for n, each in enumerate(ids)]}
        ).json()
        assert (made["object"], made["file_counts"]["in_progress"], made["file_counts"]["total"]) == (
            "vector_store.file_batch",
            3,
            3,
        )
        found = client.get(f"{batches}/{made['id']}")
        assert found.json() == made
        assert int(found.headers["openai-poll-after-ms"]) >= 100
        listed = client.get(f"{batches}/{made['id']}/files?order=asc").json()["data"]
        assert [(each["id"], each["attributes"]) for each in listed] == [(each, {"n": n}) for n, each in enumerate(ids)]
        cancelled = client("POST", f"{batches}/{made['id']}/cancel").json()
        assert (cancelled["status"], cancelled["file_counts"]["cancelled"]) == ("cancelled", 3)
        assert client.get(f"{prefix}/vector_stores/{store}/file_batches/{NO_BATCH}").status_code == 404

    def test_an_unknown_file_attaches_nothing(self, client: Client) -> None:
        """The answer is 404 and names the field."""
        file, store = client.upload()["id"], client.post("/v1/vector_stores", {}).json()["id"]
        answer = client.post(f"/v1/vector_stores/{store}/file_batches", {"file_ids": [file, NO_FILE]})
        assert (answer.status_code, answer.json()["error"]["param"]) == (404, "file_ids")
        assert client.get(f"/v1/vector_stores/{store}/files").json()["data"] == []


class TestRoutes:
    def test_every_route_is_served_in_both_dialects(self, client: Client) -> None:
        """No route of the table is unknown or a 500, whatever it is asked."""
        for prefix in PREFIXES:
            for route in ROUTES:
                answer = client(route.method, path_of(route, prefix))
                assert answer.status_code in (200, 400, 404), (route, answer.text)
                assert not answer.text.startswith('{"error":{"message":"Invalid URL'), route

    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/v1",
            "/v1/",
            "/v2/files",
            "/v1/filess",
            "/v1/vector_stores//files",
            "/v1/files/a/b/c",
            "/api/v1/llm/uploads",
        ],
    )
    def test_an_unknown_path_is_404(self, client: Client, path: str) -> None:
        """The envelope names method and path."""
        answer = client.get(path)
        assert (answer.status_code, answer.json()["error"]["message"]) == (404, f"Invalid URL (GET {path})")

    @pytest.mark.parametrize(
        ("method", "path", "allow"),
        [
            ("PUT", "/v1/files", "GET, HEAD, POST"),
            ("PATCH", f"/v1/vector_stores/{NO_STORE}/search", "POST"),
            ("POST", "/healthz", "GET, HEAD"),
        ],
    )
    def test_another_method_is_405(self, client: Client, method: str, path: str, allow: str) -> None:
        """`Allow` says what there is."""
        answer = client(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow)
        assert answer.json()["error"]["message"] == f"Not allowed: {method} {path}"

    @pytest.mark.parametrize(
        "hostile", ['"', "#", "?", "`", "\\", "é", "a b", "%", "\n", "'; --", "..", "💥", "x" * 5000, "\0", "<b>"]
    )
    def test_any_id_is_answered(self, client: Client, hostile: str) -> None:
        """Whatever stands where an id should be, the answer is a 400 in the envelope."""
        for path in (
            f"/v1/vector_stores/vs_{quote(hostile, safe='')}/files",
            f"/v1/files/{quote(hostile, safe='')}_/content",
        ):
            error = client.get(path).json()["error"]
            assert (error["code"], error["param"] in ("vector_store_id", "file_id")) == ("invalid_value", True)

    def test_head_and_a_slash_at_the_end(self, client: Client) -> None:
        """HEAD answers as GET without a body, and a slash more does no harm."""
        head = client("HEAD", "/v1/files")
        assert (head.status_code, head.content, head.headers["content-length"] != "0") == (200, b"", True)
        assert client.get("/v1/files/").status_code == 200

    def test_health(self, client: Client, deployment: Deployment) -> None:
        """Both probes answer without a key."""
        api_keys.create(deployment, "p", "first")
        assert [client.get(path).json() for path in ("/healthz", "/readyz")] == [{"status": "ok"}] * 2

    def test_only_lists_take_parameters(self, client: Client) -> None:
        """Nothing is ignored in silence."""
        error = client.get(f"/v1/vector_stores/{NO_STORE}?limit=5").json()["error"]
        assert (error["code"], error["param"]) == ("unknown_parameter", "limit")
        assert client.get("/v1/files?limit=1&limit=2").json()["error"]["code"] == "duplicate_parameter"


class TestKeys:
    def test_open_until_the_first_key(self, client: Client, deployment: Deployment) -> None:
        """Without any key everybody is let in as project default; from the first on, keys are required."""
        client.upload()
        assert client.get("/v1/files", headers={"authorization": "Bearer anything"}).status_code == 200
        assert client.lines[-1].project == "default"
        _, secret = api_keys.create(deployment, "p", "first")
        missing, wrong = (
            client.get("/v1/files"),
            client.get("/v1/files", headers={"authorization": "Bearer sk-abcdefghijklmnopqrstuvwxyz"}),
        )
        assert (missing.status_code, missing.json()["error"]["code"], missing.headers["www-authenticate"]) == (
            401,
            None,
            "Bearer",
        )
        assert wrong.json()["error"]["code"] == "invalid_api_key"
        assert wrong.json()["error"]["message"].startswith("Incorrect API key provided: sk-a********wxyz.")
        mine = client.get("/v1/files", headers={"authorization": f"bearer {secret}"})
        assert (mine.status_code, mine.json()["data"], client.lines[-1].project) == (200, [], "p")
        basic = client.get("/v1/files", headers={"authorization": "Basic abc"})
        assert "didn't provide" in basic.json()["error"]["message"]

    def test_a_revoked_key_does_not_open_the_door_again(self, client: Client, deployment: Deployment) -> None:
        """Revoking the only key lets nobody in."""
        key, secret = api_keys.create(deployment, "p", "only")
        api_keys.revoke(deployment, key.id)
        for headers in ({}, {"authorization": f"Bearer {secret}"}):
            assert client.get("/v1/files", headers=headers).status_code == 401

    def test_mka1_reads_401_of_file_content(self, client: Client, deployment: Deployment) -> None:
        """There the code is null, which its client can read."""
        api_keys.create(deployment, "p", "first")
        wrong = client.get(f"/api/v1/llm/files/{NO_FILE}/content", headers={"authorization": "Bearer x"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, None)

    def test_end_users_see_what_is_theirs(self, client: Client) -> None:
        """`X-On-Behalf-Of` owns what it makes; the project sees all of it."""
        file = client.upload(headers={"x-on-behalf-of": "ann"})["id"]
        seen = [
            client.get(f"/v1/files/{file}", headers=headers).status_code
            for headers in ({"x-on-behalf-of": "ann"}, {"x-on-behalf-of": "bob"}, {})
        ]
        assert seen == [200, 404, 200]

    @pytest.mark.parametrize("user", ["", " ", "x" * 257, "a\tb", "a\x7fb"])
    def test_strange_end_users_are_refused(self, client: Client, user: str) -> None:
        """An end user is 1 to 256 printable characters."""
        answer = client.get("/v1/files", headers={"x-on-behalf-of": user})
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "x-on-behalf-of")


class TestRepeats:
    KEY: ClassVar[dict[str, str]] = {"idempotency-key": "once"}

    def test_the_same_request_makes_one_thing(self, client: Client) -> None:
        """The same key and body get the same answer, also in the other dialect and for forms."""
        stores = [
            client.post(f"{prefix}/vector_stores", {"name": "n"}, headers=self.KEY).json()["id"] for prefix in PREFIXES
        ]
        files = [client.upload(headers=self.KEY)["id"] for _ in range(2)]
        assert (len(set(stores)), len(set(files))) == (1, 1)
        assert len(client.get("/v1/vector_stores").json()["data"]) == len(client.get("/v1/files").json()["data"]) == 1

    def test_another_body_is_refused(self, client: Client) -> None:
        """409, and clients are told not to try again."""
        client.post("/v1/vector_stores", {"name": "n"}, headers=self.KEY)
        client.upload("one", headers=self.KEY)
        form = {"files": {"file": ("a.txt", b"two")}, "data": {"purpose": "assistants"}}
        for answer in (
            client.post("/v1/vector_stores", {"name": "m"}, headers=self.KEY),
            client("POST", "/v1/files", headers=self.KEY, **form),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "idempotency_key_reused")
            assert answer.headers["x-should-retry"] == "false"

    def test_searches_ignore_the_key(self, client: Client) -> None:
        """A search changes nothing, so it may be asked anything under one key."""
        store = client.post("/v1/vector_stores", {}).json()["id"]
        asked = [
            client.post(f"/v1/vector_stores/{store}/search", {"query": query}, headers=self.KEY).status_code
            for query in "ab"
        ]
        assert asked == [200, 200]

    def test_an_empty_key_is_refused(self, client: Client) -> None:
        """It is no key."""
        assert (
            client.post("/v1/vector_stores", {}, headers={"idempotency-key": " "}).json()["error"]["param"]
            == "idempotency-key"
        )


class TestServing:
    def test_every_answer_carries_one_request_id(self, client: Client) -> None:
        """Also errors; the front gives it."""
        for path in ("/v1/files", "/nowhere", f"/v1/files/{NO_FILE}"):
            assert client.get(path).headers.get_list("x-request-id")[0].startswith("req_")

    def test_sdk_headers_are_tolerated(self, client: Client) -> None:
        """What official clients add changes nothing."""
        headers = {
            "openai-beta": "assistants=v2",
            "openai-organization": "o",
            "openai-project": "p",
            "x-stainless-poll-helper": "true",
        }
        assert client.get("/v1/vector_stores", headers=headers).status_code == 200

    def test_text_is_not_escaped(self, client: Client) -> None:
        """JSON carries UTF-8 as it is, without spaces."""
        answer = client.post("/v1/vector_stores", {"name": "żółć"})
        assert '"name":"żółć"'.encode() in answer.content
        assert answer.headers["content-type"] == "application/json"

    def test_an_unexpected_error_is_a_500_with_its_id(
        self, deployment: Deployment, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The client is told the id, the log the rest."""
        broken = replace(deployment, streams=None)  # type: ignore[arg-type]  # fails at first use
        request = Request("GET", f"/v1/vector_stores/{NO_STORE}", {}, {}, b"", "req_7")
        answer = App(broken, lambda _: Credential("p", "admin"), send_blob).handle(request)
        assert answer.status == 500
        assert isinstance(answer.body, bytes)
        assert "req_7" in json.loads(answer.body)["error"]["message"]
        assert b"NoneType" not in answer.body
        assert ("req_7", "getVectorStore") in [
            (getattr(each, "request_id", ""), getattr(each, "route", "")) for each in caplog.records
        ]

    def test_requests_do_not_block_each_other(self, deployment: Deployment, tmp_path: Path) -> None:
        """While one request waits for something slow, another is answered."""
        slow = threading.Event()

        def authenticate(secret: str | None) -> Credential:
            if secret == "slow":
                assert slow.wait(5)
            return Credential("p", "admin")

        async def both(threads: Executor) -> list[str]:
            app, done = App(deployment, authenticate, send_blob), list[str]()
            asgi = asgi_app(app.admit, threads, tmp_path, upload_limit=1, body_limit=1, on_request=lambda _: None)

            async def ask(secret: str) -> None:
                headers = {"authorization": f"Bearer {secret}"}
                async with httpx.AsyncClient(transport=httpx.ASGITransport(asgi), base_url="http://test") as client:
                    answer = await client.get("/v1/files", headers=headers)
                done.append(f"{secret} {answer.status_code}")
                if secret == "quick":
                    slow.set()

            await asyncio.gather(ask("slow"), ask("quick"))
            return done

        with ThreadPoolExecutor(2) as threads:
            assert asyncio.run(both(threads)) == ["quick 200", "slow 200"]


class TestUnserved:
    """What OpenAI's and MKA1's clients ask for and this server does not serve."""

    @pytest.mark.parametrize(
        ("method", "path", "named"),
        [
            ("POST", "/v1/responses", "/v1/vector_stores/{vector_store_id}/search"),
            ("POST", "/v1/chat/completions", "/v1/vector_stores/{vector_store_id}/search"),
            ("POST", "/v1/uploads", "POST /v1/files"),
            ("POST", "/v1/uploads/upload_1/parts", "POST /v1/files"),
            ("GET", "/api/v1/llm/usage/completions", "vector stores"),
            ("GET", "/v1/organization/usage/completions", "vector stores"),
            ("GET", "/v1/organization/projects", "vectorlog keys"),
        ],
    )
    def test_operations_are_named(self, client: Client, method: str, path: str, named: str) -> None:
        """An operation that is not served is a 404 that says so, and what to use instead."""
        answer = client(method, path)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["type"]) == (404, "not_offered", "invalid_request_error")
        assert error["message"].startswith(f"Invalid URL ({method} {path}). This server does not offer ")
        assert named in error["message"]

    @pytest.mark.parametrize(
        ("path", "hint"),
        [
            ("/vector_stores", "end the client's base URL with /v1"),
            (f"/files/{NO_FILE}", "end the client's base URL with /v1"),
            ("/v1/v1/files", "twice"),
            ("/v1/api/v1/llm/vector_stores", "bare address"),
            ("/api/v1/llm/api/v1/llm/files", "bare address"),
            ("/api/v1/llm/v1/files", "bare address"),
        ],
    )
    def test_wrong_base_urls_get_a_hint(self, client: Client, path: str, hint: str) -> None:
        """A client whose base URL is wrong is told how to mend it."""
        answer = client.get(path)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (404, None)
        assert error["message"].startswith(f"Invalid URL (GET {path}). ")
        assert hint in error["message"]

    def test_other_paths_get_no_hint(self, client: Client) -> None:
        """A path that resembles nothing is just unknown."""
        for path in ("/", "/v1/nothing", f"/v1/vector_stores/{NO_STORE}/nothing", "/v1"):
            assert client.get(path).json()["error"]["message"] == f"Invalid URL (GET {path})"
