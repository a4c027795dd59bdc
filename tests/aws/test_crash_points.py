"""Each function of the AWS edition, cut at every call that it makes to a port."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from local_aws.payloads import Json, queue_event
from local_aws.servers import Servers
from tests.support.aws_bench import AwsBench
from tests.support.bench import Bench
from tests.support.crash_points import HANDLERS, Setting, Steps, cut
from tests.support.moto_deployment import FOX, sample
from vectorlog.work.messages import Ingest, encode

pytestmark = pytest.mark.aws


def request(
    setting: Setting, method: str, path: str, body: Mapping[str, Any] | None = None, function: str = "api"
) -> Any:
    """The function's answer to a request with an Idempotency-Key, which its repeat gets too."""
    event = sample("api_gateway_search") | {"httpMethod": method, "path": f"/v1{path}"}
    event["body"] = None if body is None else base64.b64encode(json.dumps(body).encode()).decode()
    _with_key(event)
    return _answered(setting, function, event)


def upload(setting: Setting) -> Any:
    """A form with a file."""
    event = sample("api_gateway_upload")
    assert FOX in base64.b64decode(event["body"])
    _with_key(event)
    return _answered(setting, "api", event)


def delete(setting: Setting, path: str) -> None:
    """A delete, whose repeat may answer that the thing is gone."""
    event = sample("api_gateway_get_store") | {"httpMethod": "DELETE", "path": f"/v1{path}"}
    assert _bench(setting).moto.handle("api", event)["statusCode"] in (200, 404)


def bury(setting: Setting) -> None:
    """A message that failed too often."""
    record = sample("sqs_dead_letters")["Records"][0]
    record |= {"body": encode(Ingest(setting.other, setting.files[0], 1)), "messageId": str(uuid4())}
    assert _bench(setting).moto.handle("dead_letters", queue_event([record])) == {"batchItemFailures": []}


def _with_key(event: Json) -> None:
    event["headers"]["Idempotency-Key"] = "again"
    event["multiValueHeaders"]["Idempotency-Key"] = ["again"]


def _answered(setting: Setting, function: str, event: Json) -> Any:
    answer = _bench(setting).moto.handle(function, event)
    assert answer["statusCode"] == 200, answer
    return json.loads(answer["body"])


def _bench(setting: Setting) -> AwsBench:
    return cast(AwsBench, setting.bench)


def _create(setting: Setting) -> Any:
    return request(setting, "POST", "/vector_stores", {"name": "new", "file_ids": setting.files})


def _attach(setting: Setting) -> Any:
    return request(
        setting, "POST", f"/vector_stores/{setting.store}/files", {"file_id": setting.files[0], "attributes": {"n": 1}}
    )


def _batch(setting: Setting) -> Any:
    return request(setting, "POST", f"/vector_stores/{setting.store}/file_batches", {"file_ids": setting.files})


def _cancel(setting: Setting) -> Any:
    batch = request(setting, "POST", f"/vector_stores/{setting.other}/file_batches/{setting.batch}/cancel")
    return batch["status"]  # work may have to cancel some of the files afterwards


def _change(setting: Setting) -> Any:
    return request(
        setting, "POST", f"/vector_stores/{setting.store}/files/{setting.files[0]}", {"attributes": {"n": 2}}
    )


def _search(setting: Setting) -> Any:
    return request(setting, "POST", f"/vector_stores/{setting.store}/search", {"query": "alpha"}, "search")


def _nothing(_: Setting) -> None:
    pass


REQUESTS: Mapping[str, Callable[[Setting], object]] = {
    "api: upload": upload,
    "api: create a store with files": _create,
    "api: attach": _attach,
    "api: batch": _batch,
    "api: cancel": _cancel,
    "api: attributes": _change,
    "api: delete a file": lambda setting: delete(setting, f"/files/{setting.files[0]}"),
    "api: delete a store": lambda setting: delete(setting, f"/vector_stores/{setting.store}"),
    "search": _search,
    "dead letters": bury,
}
FUNCTIONS: Mapping[str, Steps] = {
    **HANDLERS,
    **{name: (HANDLERS[name][0] if name in HANDLERS else _nothing, act) for name, act in REQUESTS.items()},
    "dead letters": (HANDLERS["embed"][0], bury),
}

EVERY = 4
"""tests/test_crash_points.py cuts the same handlers at every call, and `./dev simulate` the adapters of this edition at
any; `./dev test aws -m aws` cuts these at every call too.
"""


@pytest.mark.parametrize("every", [EVERY, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_cut(name: str, every: int, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the function dies, before the first call or after any, a repeat of its event has the same outcome as an
    uncut one: a request with its Idempotency-Key has one effect and the same answer, and nothing differs from the log
    or is left over.
    """

    def bench(folder: Path, patch: pytest.MonkeyPatch) -> Bench:
        return AwsBench(servers, folder, patch)

    assert cut(FUNCTIONS[name], bench, tmp_path, monkeypatch, every)
