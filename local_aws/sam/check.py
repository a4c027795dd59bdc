"""Checks that the synthesized template works: a user's journey, then every sample, each in real containers."""

from __future__ import annotations

import json
from time import monotonic

from local_aws.fetch import say
from local_aws.payloads import Json
from local_aws.sam import containers
from local_aws.sam.deployment import SamDeployment
from local_aws.sam.journey import Request, WentWrong, journey, recording, table
from local_aws.sam.samples import SAMPLES, follow, invoke, seed
from local_aws.sam.serving import serving


def check(deployment: SamDeployment) -> str:
    """The report, in Markdown.

    Raises:
        FunctionError: a function raised, ran out of time or did not answer.
        WentWrong: an answer is wrong.
    """
    parts = [f"image: {deployment.sam.image.name}", *_journey(deployment), _samples(deployment)]
    return "\n\n".join(parts)


def _journey(deployment: SamDeployment) -> tuple[str, str, str]:
    began = monotonic()
    requests: list[Request] = []
    with serving(deployment) as served:
        started = monotonic() - began
        say(f"sam local start-lambda and start-api answered after {started:.1f} s; the journey …")
        with recording(served.url, served.key, requests) as client:
            try:
                journey(client)
            except Exception:
                say(deployment.logs())
                raise
        used = containers.containers("VECTORLOG_EVENTS_TABLE", deployment.resources.events_table)
    memory = ", ".join(f"{each.function} {each.memory}" for each in used)
    whole = f"start {started:.1f} s, journey {monotonic() - began - started:.1f} s, {len(requests)} requests"
    return whole, f"containers: {memory}", table(requests)


def _samples(deployment: SamDeployment) -> str:
    seed(deployment.variables)
    rows = ["| sample | function | answer | s |", "| --- | --- | --- | --: |"]
    for sample, function in SAMPLES.items():
        answered = invoke(deployment, sample)
        rows.append(f"| {sample} | {function} | {_checked(sample, answered.answer)} | {answered.seconds:.1f} |")
        follow()
    return "\n".join(rows)


def _checked(sample: str, answer: Json) -> str:
    """The answer in short."""
    if "statusCode" in answer:
        body = json.loads(answer["body"])
        right = answer["statusCode"] == 200 and body.get("data") != []
        short = f"{answer['statusCode']}, {body['object']}"
    else:
        right = not answer.get("batchItemFailures")
        short = f"`{json.dumps(answer)}`"
    if not right:
        raise WentWrong(f"{sample} was answered {json.dumps(answer)}")
    return short
