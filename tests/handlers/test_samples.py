"""Each file in events/, as the service sends it, through its real handler."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from handlers import observed
from handlers import sweep as sweep_handler
from tests.handlers.deployment import FILE, FOX, KEY, PROJECT, STORE, Deployment, messages, sample
from vectorlog.domain import api_key, file_batch
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.manifest import Listed
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.codec import API_KEY, FILE_BATCH, STORE_FILE
from vectorlog.use_cases import manifests
from vectorlog.views.projection import INGEST_DEADLINE_MS

STREAM = f"{STORE}/{FILE}"
BATCH = "vsfb_0123456789abcdef0123456789abcdef"
REQUEST = "req_c6af9ac67b6111e69a4193e8deadbeef"


def ok(answer: Any, status: int = 200) -> Any:
    """The body of an answer that carries what every answer does."""
    assert answer["statusCode"] == status, answer
    assert answer["multiValueHeaders"]["x-request-id"] == [REQUEST]
    assert answer["multiValueHeaders"]["openai-processing-ms"][0].isdigit()
    assert "x-vectorlog-project" not in answer["multiValueHeaders"]
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/json"]
    return json.loads(answer["body"])


def uploading(content: bytes) -> dict[str, Any]:
    """The sample of an upload, with these bytes in the file's place."""
    event = sample("api_gateway_upload")
    event["body"] = base64.b64encode(base64.b64decode(event["body"]).replace(FOX, content)).decode()
    return event


def downloading(file: str) -> dict[str, Any]:
    """A request for a file's bytes."""
    event = sample("api_gateway_get_store")
    path = f"/v1/files/{file}/content"
    return event | {"path": path, "resource": "/v1/files/{file_id}/content", "pathParameters": {"file_id": file}}


class TestApi:
    def test_get_store(self, deployment: Deployment) -> None:
        """A store is answered from the log, with API Gateway's request id in the form that clients know."""
        deployment.happened()
        assert ok(deployment.handle("api", sample("api_gateway_get_store")))["name"] == "Animals"

    def test_no_such_store(self, deployment: Deployment) -> None:
        """What is not there is a 404 in the API's envelope."""
        error = ok(deployment.handle("api", sample("api_gateway_get_store")), 404)["error"]
        assert error["message"].startswith("No vector store found")
        assert set(error) == {"message", "type", "param", "code"}

    def test_no_key(self, deployment: Deployment) -> None:
        """Without a key nothing is answered."""
        event = sample("api_gateway_get_store")
        del event["headers"]["Authorization"], event["multiValueHeaders"]["Authorization"]
        assert "API key" in ok(deployment.handle("api", event), 401)["error"]["message"]

    def test_unknown_route(self, deployment: Deployment) -> None:
        """A path that is none is told so in the envelope, not in Powertools' own words."""
        event = sample("api_gateway_get_store") | {"path": "/v1/nothing", "resource": "/{proxy+}"}
        assert ok(deployment.handle("api", event), 404)["error"]["message"] == "Invalid URL (GET /v1/nothing)"

    def test_fault(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        """A fault of ours is a 500 in the envelope that tells nothing but the request's id."""
        deployment.happened()
        monkeypatch.setattr(type(deployment.edition.streams.log), "load_many", lambda *_: 1 / 0)
        monkeypatch.setattr(type(deployment.edition.streams.log), "load", lambda *_: 1 / 0)
        error = ok(deployment.handle("api", sample("api_gateway_get_store")), 500)["error"]
        assert "division" not in error["message"]
        assert error["type"] == "server_error"

    def test_upload(self, deployment: Deployment) -> None:
        """A form in base64 becomes a file: bytes in S3, an event in the log, its row in the views."""
        file = ok(deployment.handle("api", sample("api_gateway_upload")))
        assert (file["filename"], file["bytes"], file["purpose"]) == ("fox.txt", len(FOX), "assistants")
        assert list(deployment.kept(f"files/{file['id']}/").values()) == [FOX]
        assert deployment.events(file["id"]) == ["FileUploaded"]
        assert deployment.rows(f"FILE#{file['id']}")

    @pytest.mark.parametrize("content", [bytes(range(256)) * 40, b"\r\n--\r\n\xff\x00", "naïve 漢字".encode()])
    def test_bytes(self, deployment: Deployment, content: bytes) -> None:
        """Whatever the bytes are, they are stored and come back as they were sent."""
        file = ok(deployment.handle("api", uploading(content)))
        assert list(deployment.kept("files/").values()) == [content]
        answer = deployment.handle("api", downloading(file["id"]))
        assert answer["isBase64Encoded"] is True
        assert base64.b64decode(answer["body"]) == content
        assert answer["multiValueHeaders"]["content-disposition"] == ["attachment; filename*=UTF-8''fox.txt"]

    def test_large_download(self, deployment: Deployment) -> None:
        """A file that no answer of Lambda's holds is sent by S3, from an address that needs no key."""
        content = bytes(range(250)) * 16_001
        file = ok(deployment.handle("api", uploading(content)))
        answer = deployment.handle("api", downloading(file["id"]))
        assert (answer["statusCode"], answer["body"]) == (302, "")
        found = requests.get(answer["multiValueHeaders"]["location"][0], timeout=5)
        assert found.content == content
        assert "fox.txt" in found.headers["content-disposition"]

    def test_large_upload(self, deployment: Deployment) -> None:
        """What Lambda would not take whole is refused with the way that does."""
        error = ok(deployment.handle("api", uploading(b"x" * 4_600_000)), 413)["error"]
        assert "Split the file" in error["message"]
        assert deployment.kept() == {}

    def test_key(self, deployment: Deployment) -> None:
        """A warm function reads a key once in five seconds, so a revoked one is refused after them at the latest."""
        deployment.happened()
        get = sample("api_gateway_get_store")
        ok(deployment.handle("api", get))
        at = deployment.now
        deployment.edition.streams.decide(API_KEY, api_key.id_of(KEY), lambda state: api_key.revoke(state, at))
        deployment.now += 4_999
        ok(deployment.handle("api", get))
        deployment.now += 1
        ok(deployment.handle("api", get), 401)


class TestBehind:
    def test_stream(self, deployment: Deployment) -> None:
        """Commits become rows and the work that follows; the same records again change no row."""
        deployment.happened()
        for _ in range(2):
            assert deployment.handle("projector", sample("dynamodb_stream")) == {"batchItemFailures": []}
            assert deployment.rows(f"FILE#{FILE}")
            assert deployment.edition.views.store_counts(STORE).in_progress == 1
            assert deployment.waiting(deployment.embed) == [json.loads(sample("sqs_embed")["Records"][0]["body"])]
            assert deployment.waiting(deployment.work) == []

    def test_embed(self, deployment: Deployment) -> None:
        """A file is read, embedded, kept and indexed, and its stream says that it serves."""
        deployment.happened()
        assert deployment.handle("embed", sample("sqs_embed")) == {"batchItemFailures": []}
        assert deployment.events(STREAM) == ["FileAttached", "FileChunked", "FileIngested"]
        space = deployment.edition.streams.load(STORE_FILE, STREAM).state
        assert space.serving is not None
        assert deployment.kept(f"artefacts/{STORE}/{FILE}/00000001/")
        assert deployment.waiting(deployment.embed) == []

    def test_search(self, deployment: Deployment) -> None:
        """A search finds what the other functions brought in."""
        deployment.happened()
        deployment.handle("projector", sample("dynamodb_stream"))
        deployment.handle("embed", sample("sqs_embed"))
        deployment.handle("projector", deployment.stream())
        found = ok(deployment.handle("search", sample("api_gateway_search")))["data"]
        assert [(each["file_id"], each["content"][0]["text"]) for each in found] == [(FILE, FOX.decode())]

    def test_work(self, deployment: Deployment) -> None:
        """A batch's files are attached; what came before its time is sent on, and comes when it is due."""
        deployment.happened()
        at, manifest = deployment.now, manifests.keep(deployment.edition, STORE, BATCH, [Listed(FILE, {"from": "batch"})])
        created = FileBatchCreated(at, STORE, Owner(PROJECT), manifest)
        deployment.edition.streams.decide(FILE_BATCH, BATCH, lambda state: file_batch.create(state, created))
        deployment.handle("projector", deployment.stream())
        deployment.waiting(deployment.work)
        assert deployment.handle("work", sample("sqs_work")) == {"batchItemFailures": []}
        assert deployment.events(STREAM) == ["FileAttached", "FileAttached"]
        assert deployment.edition.streams.load(STORE_FILE, STREAM).state.attributes == {"from": "batch"}
        assert "PurgeStore" not in messages(deployment.waiting(deployment.work))
        deployment.now = 1_700_000_900_501  # SQS counts in seconds
        assert "PurgeStore" in messages(deployment.waiting(deployment.work))

    def test_schedule(self, deployment: Deployment) -> None:
        """What is past its deadline is ended."""
        deployment.happened()
        deployment.handle("projector", sample("dynamodb_stream"))
        assert deployment.handle("sweep", sample("schedule")) == {"swept": 0}
        deployment.now += INGEST_DEADLINE_MS
        assert deployment.handle("sweep", sample("schedule")) == {"swept": 1}
        assert deployment.events(STREAM) == ["FileAttached", "FileFailed"]
        assert deployment.edition.views.store_counts(STORE).failed == 1

    def test_age_of_the_oldest(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Each minute says for how long the oldest open file has waited, also where the sweep itself fails."""
        monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
        observed.metrics.clear_metrics()  # what is disabled is kept

        def age() -> Any:
            capsys.readouterr()
            deployment.handle("sweep", sample("schedule"))
            return json.loads(capsys.readouterr().out.splitlines()[-1])["OldestOpenFileSeconds"]

        assert age() == [0.0]
        deployment.happened()
        deployment.handle("projector", sample("dynamodb_stream"))
        deployment.now += 7_200_000
        assert age()[0] >= 7_200
        monkeypatch.setattr(sweep_handler, "sweep", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deployment.handle("sweep", sample("schedule"))
        assert "OldestOpenFileSeconds" in capsys.readouterr().out

    def test_sweeps_without_the_age(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the age cannot be told, what is past its deadline is ended nevertheless."""
        deployment.happened()
        deployment.handle("projector", sample("dynamodb_stream"))
        deployment.now += INGEST_DEADLINE_MS
        monkeypatch.setattr(sweep_handler, "oldest_open", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            deployment.handle("sweep", sample("schedule"))
        assert deployment.events(STREAM) == ["FileAttached", "FileFailed"]

    def test_dead_letters(self, deployment: Deployment) -> None:
        """A file whose ingest was given up is failed with a sentence; other work is sent again, a quarter of an hour later."""
        deployment.happened()
        assert deployment.handle("dead_letters", sample("sqs_dead_letters")) == {"batchItemFailures": []}
        failure = deployment.edition.streams.load(STORE_FILE, STREAM).state.failure
        assert failure is not None
        assert failure.message == "The file could not be ingested: it failed every time. Attach it again to retry."
        assert deployment.waiting(deployment.work) == []
        deployment.now += 900_000
        assert deployment.waiting(deployment.work) == [{"type": "Replay", "data": {"stream": STORE}}]
