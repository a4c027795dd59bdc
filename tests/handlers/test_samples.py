"""Each file in events/, as the service sends it, through its real handler."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from handlers import observed
from handlers import sweep as sweep_handler
from tests.support.moto_deployment import FILE, FOX, KEY, PROJECT, STORE, MotoDeployment, messages, sample
from vectorlog.domain import api_key, file_batch
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.codec import API_KEY, FILE_BATCH, STORE_FILE
from vectorlog.files import answers
from vectorlog.runtime.aws import large_answers
from vectorlog.use_cases import manifests
from vectorlog.views.deadlines import INGEST_DEADLINE_MS

STREAM = f"{STORE}/{FILE}"
BATCH = "vsfb_0123456789abcdef0123456789abcdef"
REQUEST = "req_c6af9ac67b6111e69a4193e8deadbeef"


def ok(answer: Any, status: int = 200) -> Any:
    """The body of an answer that has the headers of every answer."""
    assert answer["statusCode"] == status, answer
    assert answer["multiValueHeaders"]["x-request-id"] == [REQUEST]
    assert answer["multiValueHeaders"]["openai-processing-ms"][0].isdigit()
    assert "x-vectorlog-project" not in answer["multiValueHeaders"]
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/json"]
    return json.loads(answer["body"])


def uploading(content: bytes) -> dict[str, Any]:
    """The sample of an upload, with these bytes instead of the file's."""
    event = sample("api_gateway_upload")
    event["body"] = base64.b64encode(base64.b64decode(event["body"]).replace(FOX, content)).decode()
    return event


def downloading(file: str) -> dict[str, Any]:
    """A request for a file's bytes."""
    event = sample("api_gateway_get_store")
    path = f"/v1/files/{file}/content"
    return event | {"path": path, "resource": "/v1/files/{file_id}/content", "pathParameters": {"file_id": file}}


class TestApi:
    def test_get_store(self, moto: MotoDeployment) -> None:
        """A store is answered from the log, with API Gateway's request id in the form that clients know."""
        moto.happened()
        assert ok(moto.handle("api", sample("api_gateway_get_store")))["name"] == "Animals"

    def test_no_such_store(self, moto: MotoDeployment) -> None:
        """A missing thing is a 404 in the API's envelope."""
        error = ok(moto.handle("api", sample("api_gateway_get_store")), 404)["error"]
        assert error["message"].startswith("No vector store found")
        assert set(error) == {"message", "type", "param", "code"}

    def test_no_key(self, moto: MotoDeployment) -> None:
        """Without a key nothing is answered."""
        event = sample("api_gateway_get_store")
        del event["headers"]["Authorization"], event["multiValueHeaders"]["Authorization"]
        assert "API key" in ok(moto.handle("api", event), 401)["error"]["message"]

    def test_unknown_route(self, moto: MotoDeployment) -> None:
        """An unknown path gets the envelope, not Powertools' own message."""
        event = sample("api_gateway_get_store") | {"path": "/v1/nothing", "resource": "/{proxy+}"}
        assert ok(moto.handle("api", event), 404)["error"]["message"] == "Invalid URL (GET /v1/nothing)"

    def test_fault(self, moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
        """An error of ours is a 500 in the envelope that reveals nothing but the request's id."""
        moto.happened()
        monkeypatch.setattr(type(moto.deployment.streams.log), "load_many", lambda *_: 1 / 0)
        monkeypatch.setattr(type(moto.deployment.streams.log), "load", lambda *_: 1 / 0)
        error = ok(moto.handle("api", sample("api_gateway_get_store")), 500)["error"]
        assert "division" not in error["message"]
        assert error["type"] == "server_error"

    def test_upload(self, moto: MotoDeployment) -> None:
        """A form in base64 becomes a file: bytes in S3, an event in the log, its row in the views."""
        file = ok(moto.handle("api", sample("api_gateway_upload")))
        assert (file["filename"], file["bytes"], file["purpose"]) == ("fox.txt", len(FOX), "assistants")
        assert list(moto.kept(f"files/{file['id']}/").values()) == [FOX]
        assert moto.events(file["id"]) == ["FileUploaded"]
        assert moto.rows(f"FILE#{file['id']}")

    @pytest.mark.parametrize("content", [bytes(range(256)) * 40, b"\r\n--\r\n\xff\x00", "naïve 漢字".encode()])
    def test_bytes(self, moto: MotoDeployment, content: bytes) -> None:
        """Any bytes are stored and come back unchanged."""
        file = ok(moto.handle("api", uploading(content)))
        assert list(moto.kept("files/").values()) == [content]
        answer = moto.handle("api", downloading(file["id"]))
        assert answer["isBase64Encoded"] is True
        assert base64.b64decode(answer["body"]) == content
        assert answer["multiValueHeaders"]["content-disposition"] == ["attachment; filename*=UTF-8''fox.txt"]

    def test_large_download(self, moto: MotoDeployment) -> None:
        """A file too large for Lambda's answer is sent by S3, from a URL that needs no key."""
        content = bytes(range(250)) * 16_001
        file = ok(moto.handle("api", uploading(content)))
        answer = moto.handle("api", downloading(file["id"]))
        assert (answer["statusCode"], answer["body"]) == (302, "")
        found = requests.get(answer["multiValueHeaders"]["location"][0], timeout=5)
        assert found.content == content
        assert "fox.txt" in found.headers["content-disposition"]

    @pytest.mark.parametrize("encoding", ["identity", "gzip"])
    def test_large_answer(self, moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
        """An answer too large for Lambda is at a URL that needs no key: the same body, of the same type."""
        for number in range(20):
            ok(moto.handle("api", uploading(b"%d" % number)))
        listing = sample("api_gateway_get_store") | {"path": "/v1/files"}
        whole = ok(moto.handle("api", listing))
        listing["multiValueHeaders"]["Accept-Encoding"] = [encoding]
        monkeypatch.setattr(large_answers, "INLINE_LIMIT", 100)
        answer = moto.handle("api", listing)
        assert (answer["statusCode"], answer["body"]) == (303, "")
        assert not {"content-type", "content-encoding"} & set(answer["multiValueHeaders"])
        found = requests.get(answer["multiValueHeaders"]["location"][0], timeout=5)
        assert (found.headers["content-type"], found.json()) == ("application/json", whole)
        assert found.headers.get("content-encoding") == ("gzip" if encoding == "gzip" else None)
        [kept] = moto.kept("answers/")
        assert kept.startswith(answers.folder("acme"))
        assert moto.handle("api", listing | {"httpMethod": "HEAD"})["statusCode"] == 200
        assert list(moto.kept("answers/")) == [kept]

    def test_large_upload(self, moto: MotoDeployment) -> None:
        """A body too large for Lambda is refused with the alternative."""
        error = ok(moto.handle("api", uploading(b"x" * 4_600_000)), 413)["error"]
        assert "POST /v1/uploads" in error["message"]
        assert "part_size=" in error["message"]
        assert moto.kept() == {}

    def test_key(self, moto: MotoDeployment) -> None:
        """A warm function looks up a key once in five seconds, so a revoked one is refused after that at the latest."""
        moto.happened()
        get = sample("api_gateway_get_store")
        ok(moto.handle("api", get))
        at = moto.now
        moto.deployment.streams.decide(API_KEY, api_key.id_of(KEY), lambda state: api_key.revoke(state, at))
        moto.now += 4_999
        ok(moto.handle("api", get))
        moto.now += 1
        ok(moto.handle("api", get), 401)


class TestBehind:
    def test_stream(self, moto: MotoDeployment) -> None:
        """Commits become rows and the work that follows; the same records again change no row."""
        moto.happened()
        for _ in range(2):
            assert moto.handle("projector", sample("dynamodb_stream")) == {"batchItemFailures": []}
            assert moto.rows(f"FILE#{FILE}")
            assert moto.deployment.views.store_counts(STORE).in_progress == 1
            assert moto.waiting(moto.embed) == [json.loads(sample("sqs_embed")["Records"][0]["body"])]
            assert moto.waiting(moto.work) == []

    def test_embed(self, moto: MotoDeployment) -> None:
        """A file is read, embedded, stored and indexed, and its stream says that it serves."""
        moto.happened()
        assert moto.handle("embed", sample("sqs_embed")) == {"batchItemFailures": []}
        assert moto.events(STREAM) == ["FileAttached", "FileChunked", "FileIngested"]
        space = moto.deployment.streams.load(STORE_FILE, STREAM).state
        assert space.serving is not None
        assert moto.kept(f"artefacts/{STORE}/{FILE}/00000001/")
        assert moto.waiting(moto.embed) == []

    def test_search(self, moto: MotoDeployment) -> None:
        """A search finds what the other functions ingested."""
        moto.happened()
        moto.handle("projector", sample("dynamodb_stream"))
        moto.handle("embed", sample("sqs_embed"))
        moto.handle("projector", moto.stream())
        found = ok(moto.handle("search", sample("api_gateway_search")))["data"]
        assert [(each["file_id"], each["content"][0]["text"]) for each in found] == [(FILE, FOX.decode())]

    def test_work(self, moto: MotoDeployment) -> None:
        """A batch's files are attached; a message that arrives early is re-sent, and handled when it is due."""
        moto.happened()
        at, manifest = (
            moto.now,
            manifests.keep(moto.deployment, STORE, BATCH, [BatchItem(FILE, {"from": "batch"})]),
        )
        created = FileBatchCreated(at, STORE, Owner(PROJECT), manifest)
        moto.deployment.streams.decide(FILE_BATCH, BATCH, lambda state: file_batch.create(state, created))
        moto.handle("projector", moto.stream())
        moto.waiting(moto.work)
        assert moto.handle("work", sample("sqs_work")) == {"batchItemFailures": []}
        assert moto.events(STREAM) == ["FileAttached", "FileAttached"]
        assert moto.deployment.streams.load(STORE_FILE, STREAM).state.attributes == {"from": "batch"}
        assert "PurgeStore" not in messages(moto.waiting(moto.work))
        moto.now = 1_700_000_900_501  # SQS counts in seconds
        assert "PurgeStore" in messages(moto.waiting(moto.work))

    def test_schedule(self, moto: MotoDeployment) -> None:
        """Whatever is past its deadline is ended."""
        moto.happened()
        moto.handle("projector", sample("dynamodb_stream"))
        assert moto.handle("sweep", sample("schedule")) == {"swept": 0}
        moto.now += INGEST_DEADLINE_MS
        assert moto.handle("sweep", sample("schedule")) == {"swept": 1}
        assert moto.events(STREAM) == ["FileAttached", "FileFailed"]
        assert moto.deployment.views.store_counts(STORE).failed == 1

    def test_age_of_the_oldest(
        self, moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Every minute the age of the oldest open file is reported, even if the sweep itself fails."""
        monkeypatch.delenv("POWERTOOLS_METRICS_DISABLED")
        observed.metrics.clear_metrics()  # metrics that are disabled are kept

        def age() -> Any:
            capsys.readouterr()
            moto.handle("sweep", sample("schedule"))
            return json.loads(capsys.readouterr().out.splitlines()[-1])["OldestOpenFileSeconds"]

        assert age() == [0.0]
        moto.happened()
        moto.handle("projector", sample("dynamodb_stream"))
        moto.now += 7_200_000
        assert age()[0] >= 7_200
        monkeypatch.setattr(sweep_handler, "sweep", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            moto.handle("sweep", sample("schedule"))
        assert "OldestOpenFileSeconds" in capsys.readouterr().out

    def test_sweeps_without_the_age(self, moto: MotoDeployment, monkeypatch: pytest.MonkeyPatch) -> None:
        """If the age cannot be determined, whatever is past its deadline is ended nevertheless."""
        moto.happened()
        moto.handle("projector", sample("dynamodb_stream"))
        moto.now += INGEST_DEADLINE_MS
        monkeypatch.setattr(sweep_handler, "oldest_open", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            moto.handle("sweep", sample("schedule"))
        assert moto.events(STREAM) == ["FileAttached", "FileFailed"]

    def test_dead_letters(self, moto: MotoDeployment) -> None:
        """A file whose ingest was given up is failed with a sentence; other work is sent again, a quarter of an hour
        later.
        """
        moto.happened()
        assert moto.handle("dead_letters", sample("sqs_dead_letters")) == {"batchItemFailures": []}
        failure = moto.deployment.streams.load(STORE_FILE, STREAM).state.failure
        assert failure is not None
        assert failure.message == "The file could not be ingested: it failed every time. Attach it again to retry."
        assert moto.waiting(moto.work) == []
        moto.now += 900_000
        assert moto.waiting(moto.work) == [{"type": "Replay", "data": {"stream": STORE}}]
