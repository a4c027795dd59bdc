"""Nothing of what is erased is left in the services of the AWS edition."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local_aws.servers import Servers
from tests.support import dynamodb_local
from tests.support.aws_bench import AwsBench
from tests.support.bench import DAY_MS, PROJECT
from tests.use_cases.test_erasure import SECRETS, secret_upload, unpacked
from vectorlog.api.request import Request
from vectorlog.api.response import json_response
from vectorlog.domain.manifest import BatchItem
from vectorlog.operations.erase import Wanted, erase
from vectorlog.operations.progress import silent
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.runtime.aws import large_answers, wiring
from vectorlog.use_cases import erasure, file_batches, limits, permissions

pytestmark = pytest.mark.aws


def left(bench: AwsBench) -> list[str]:
    """Returns where one of the secrets is: in items, objects, messages or chunks."""
    environment, places = wiring.environment(), dict[str, bytes]()
    for table in (environment.events_table, environment.views_table):
        for page in dynamodb_local.client().get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                places[f"{table} {item['pk']} {item['sk']}"] = "".join(map(str, _values(item))).encode()
    for page in bench.moto.s3.get_paginator("list_objects_v2").paginate(Bucket="bucket"):
        for each in page.get("Contents", ()):
            places[each["Key"]] = bench.moto.s3.get_object(Bucket="bucket", Key=each["Key"])["Body"].read()
    for queue in (bench.pump.work, bench.pump.embed, bench.pump.erase):
        places[f"queue {queue}"] = "".join(queue.bodies()).encode()
    places["index"] = repr(vars(bench.index)).encode()
    contents = {place: content + b"".join(unpacked(content)) for place, content in places.items()}
    return [place for place, content in contents.items() if any(secret in content.lower() for secret in SECRETS)]


def _values(item: Any) -> list[Any]:
    return [value for typed in item.values() for value in typed.values()]


def settle(bench: AwsBench) -> None:
    bench.pump.settle()
    bench.clock.advance(2 * DAY_MS)
    bench.pump.settle()


@pytest.mark.parametrize("large", [False, True])
def test_nothing_is_left(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    """After the erasure of a file and of a store, no item, object, message or chunk holds a name, an attribute or a
    text of theirs, and everything agrees with the log.
    """
    bench = AwsBench(servers, tmp_path / "bench", monkeypatch)
    file, other = bench.upload("quokkas are small", name="8472.txt"), bench.upload("alpha")
    store = bench.store(name="Ottilie", metadata={"of": "wolpertinger"})
    kept = bench.store(files=(BatchItem(file, {"of": "wolpertinger"}), BatchItem(other)))
    noise = [bench.upload(f"word {n}") for n in range(90 if large else 0)]
    items = [BatchItem(each, {"of": bench.random.randbytes(60).hex()}) for each in noise]
    file_batches.create(bench.deployment, PROJECT, kept, [BatchItem(file, {"of": "wolpertinger"}), *items], "files")
    bench.attach(store, other, of="wolpertinger")
    bench.attach(store, file)
    bench.pump.settle()
    assert len(left(bench)) > 5
    erasure.erase_file(bench.deployment, PROJECT, file)
    erasure.erase_store(bench.deployment, PROJECT, store)
    settle(bench)
    assert left(bench) == []
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()
    assert other in bench.find(kept, "alpha")
    for stream in (file, store, f"{store}/{file}", f"{kept}/{file}"):
        [commit] = bench.log.read(stream)
        assert json.loads(commit.events)[-1]["type"].endswith("Erased")
    bench.close()


def test_uploads_grants_and_answers(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were sent in parts, a shared store, and answers that went through S3 leave nothing; then a project's
    pending upload and its limits.
    """
    bench = AwsBench(servers, tmp_path / "bench", monkeypatch)
    (upload, file), (_, direct) = secret_upload(bench), secret_upload(bench, direct=True)
    store = bench.store(name="Ottilie")
    bench.attach(store, file, of="wolpertinger")
    permissions.grant(bench.deployment, PROJECT, store, "hedwig", "writer")
    bench.pump.settle()
    monkeypatch.setattr(large_answers, "INLINE_LIMIT", 100)
    shown = replace(json_response({"text": "quokkas are small" * 9}), project="acme")
    answer = large_answers.fit(shown, Request("GET", f"/v1/files/{file}/content", {}, {}, b"", "req_4"))
    assert answer.status == 303
    assert any(place.startswith("answers/") for place in left(bench))
    for each in (file, direct):
        erasure.erase_file(bench.deployment, PROJECT, each)
    erasure.erase_store(bench.deployment, PROJECT, store)
    settle(bench)
    assert left(bench) == []
    secret_upload(bench, end=False)
    limits.change(bench.deployment, PROJECT, "acme", {"files": 7}, ceilings=True)
    assert len(erase(bench.deployment, Wanted(project="acme"), silent).uploads) == 3
    settle(bench)
    assert left(bench) == []
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()
    [commit] = bench.log.read(upload)
    assert json.loads(commit.events)[-1]["type"] == "UploadErased"
    bench.close()
