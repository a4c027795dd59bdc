"""What DynamoDB and the way to it do wrong, by botocore's events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient


@contextmanager
def lost_answers(client: BaseClient, operation: str, times: int) -> Iterator[list[bytes]]:
    """The next tries of an operation are done by moto, and their answers never arrive; gives the bodies of all tries."""
    bodies: list[bytes] = []

    def lose(request: AWSPreparedRequest, **_: object) -> None:
        bodies.append(request.body)
        if len(bodies) <= times:
            raise ReadTimeoutError(endpoint_url=request.url)

    event = f"before-send.dynamodb.{operation}"
    client.meta.events.register_last(event, lose)  # behind moto's own handler
    try:
        yield bodies
    finally:
        client.meta.events.unregister(event, lose)


def refusal(code: str, **fields: Any) -> dict[str, Any]:
    """An answer of status 400."""
    return {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": 400}, **fields}


def cancelled(*reasons: str) -> dict[str, Any]:
    """A transaction that was cancelled, with a reason for each of its actions."""
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": reason} for reason in reasons])


@contextmanager
def refused(client: BaseClient, operation: str, answers: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The next calls of an operation get these answers, and do nothing; gives those that are left."""
    left = list(answers)

    def answer(**_: object) -> tuple[AWSResponse, Mapping[str, Any]] | None:
        if not left:
            return None
        return AWSResponse("", 400, {}, None), left.pop(0)

    event = f"before-call.dynamodb.{operation}"
    client.meta.events.register_first(event, answer)
    try:
        yield left
    finally:
        client.meta.events.unregister(event, answer)
