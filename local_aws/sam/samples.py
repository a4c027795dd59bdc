"""The samples in events/, each in its own container, on a deployment where the things that they name exist."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from local_aws.function import FunctionError
from local_aws.payloads import Json
from local_aws.sam.deployment import SamDeployment
from vectorlog.domain import api_key, file_batch
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.tenancy import Owner
from vectorlog.domain.vectors import Space
from vectorlog.event_log.codec import API_KEY, FILE_BATCH
from vectorlog.event_log.dynamodb import commit_of
from vectorlog.event_log.event_log import Commit
from vectorlog.runtime.aws import wiring
from vectorlog.use_cases import manifests

EVENTS = Path(__file__).parents[2] / "events"

SAMPLES = {
    "dynamodb_stream": "projector",
    "sqs_embed": "embed",
    "api_gateway_get_store": "api",
    "api_gateway_search": "search",
    "api_gateway_upload": "api",
    "sqs_work": "work",
    "sqs_erase": "erase",
    "sqs_dead_letters": "dead_letters",
    "schedule": "sweep",
}
"""The function of each sample, in an order in which each finds the effects of those before it."""

KEY = "sk-local-example"
PROJECT = "acme"
MODEL = '"model":"stub:words","dimensions":16'
"""The model that the samples name; no deployment offers it."""
TIMES_FROM = 1_700_000_000_000
TIME = re.compile(r"\b17000000000\d\d\b")
"""The time of the samples' events in ms, up to a tenth of a second."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A function's answer, and the seconds from the start of `sam` to its end."""

    answer: Json
    seconds: float


def invoke(deployment: SamDeployment, sample: str) -> Answered:
    """Runs `sam local invoke` on a sample; the function's log goes to stderr.

    Raises:
        FunctionError: the function raised or ran out of time.
    """
    began = monotonic()
    function = deployment.functions[SAMPLES[sample]]
    done = subprocess.run(deployment.sam.invoke(function, EVENTS / f"{sample}.json"), stdout=subprocess.PIPE, text=True)
    answer: Json | None = json.loads(done.stdout) if done.stdout else None
    if answer is None or "errorType" in answer:
        raise FunctionError(f"{function} did not answer {sample}: {done.stdout or 'see above'}")
    return Answered(answer, monotonic() - began)


def seed(variables: Mapping[str, str]) -> None:
    """Creates what the samples name: a key, a store, a file attached to it, a batch. Once per process.

    The store uses the model that is offered here, and everything is dated now, because a file that is not ingested
    after a day is given up. The rows exist already, so the stream's sample changes none of them; its effect is the
    file's ingest.

    Args:
        variables: the deployment's; they become this process's own.
    """
    os.environ.update(variables)
    deployment = wiring.deployment()
    space, at = deployment.models.resolve(), deployment.clock()
    commits = [
        _now(space, at, commit_of(record["dynamodb"]["NewImage"])) for record in _sample("dynamodb_stream")["Records"]
    ]
    deployment.streams.log.append(commits)
    deployment.views.apply([deployment.streams.decode(commit) for commit in commits])
    file, sha256 = commits[0].stream, json.loads(commits[0].state)["data"]["sha256"]
    deployment.blobs.put([(f"files/{file}/{sha256}", _uploaded())])
    made = api_key.ApiKeyCreated(at, PROJECT, "first", api_key.hash_of(KEY), "write")
    deployment.streams.decide(API_KEY, api_key.id_of(KEY), lambda state: api_key.create(state, made))
    [fan_out, *_] = (json.loads(record["body"])["data"] for record in _sample("sqs_work")["Records"])
    manifest = manifests.keep(deployment, fan_out["store"], fan_out["batch"], [BatchItem(file, {"from": "batch"})])
    created = FileBatchCreated(at, fan_out["store"], Owner(PROJECT), manifest)
    deployment.streams.decide(FILE_BATCH, fan_out["batch"], lambda state: file_batch.create(state, created))


def follow() -> None:
    """Projects what functions have appended since, as the stream's consumer would: only then does a search trust an
    ingest.
    """
    deployment = wiring.deployment()
    deployment.views.apply([deployment.streams.decode(commit) for commit in deployment.streams.log.scan()])


def _sample(name: str) -> Json:
    event: Json = json.loads((EVENTS / f"{name}.json").read_text())
    return event


def _now(space: Space, at: int, commit: Commit) -> Commit:
    def told(text: str) -> str:
        recent = TIME.sub(lambda found: str(at + int(found[0]) - TIMES_FROM), text)
        return recent.replace(MODEL, f'"model":"{space.model}","dimensions":{space.dimensions}')

    return replace(commit, events=told(commit.events), state=told(commit.state), at=at + commit.at - TIMES_FROM)


def _uploaded() -> bytes:
    """The bytes of the file in the upload's sample, which is the same file."""
    body = base64.b64decode(_sample("api_gateway_upload")["body"])
    return body.split(b"\r\n\r\n")[-1].partition(b"\r\n--")[0]
