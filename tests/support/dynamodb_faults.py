"""Faults of DynamoDB and of the connection to it, by botocore's events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient


@contextmanager
def lost_answers(client: BaseClient, operation: str, times: int) -> Iterator[list[bytes]]:
    """The next attempts at an operation are executed, and their answers are lost; gives the bodies of all attempts."""
    bodies: list[bytes] = []

    def lose(request: AWSPreparedRequest, **_: object) -> None:
        if not request.headers["X-Amz-Target"].endswith(f".{operation}".encode()):
            return
        bodies.append(request.body)
        if len(bodies) <= times:
            if "//127.0.0.1:" in request.url:
                URLLib3Session().send(request)
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register_last(
        "before-send", lose
    )  # after moto's handler of the same event, which executes the call
    try:
        yield bodies
    finally:
        client.meta.events.unregister("before-send", lose)


def refusal(code: str, **fields: Any) -> dict[str, Any]:
    """An answer with status 400."""
    return {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}, **fields}


def cancelled(*reasons: str) -> dict[str, Any]:
    """A cancelled transaction, with a reason for each of its actions."""
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])


@contextmanager
def refused(
    client: BaseClient, operation: str, answers: Sequence[Mapping[str, Any]], *, status: int = 400
) -> Iterator[list[Mapping[str, Any]]]:
    """The next calls of an operation get these answers and do nothing; gives the unused ones."""
    left = list(answers)

    def answer(**_: object) -> tuple[AWSResponse, Mapping[str, Any]] | None:
        if not left:
            return None
        return AWSResponse("", status, {}, None), left.pop(0)

    event = f"before-call.dynamodb.{operation}"
    client.meta.events.register_first(event, answer)
    try:
        yield left
    finally:
        client.meta.events.unregister(event, answer)
