"""The boto3 clients of the AWS edition: every time-out, retry and pool of connections, set here and nowhere else.

Credentials and endpoints come from the environment as boto3 reads them (`AWS_ENDPOINT_URL_SQS` and its like point at
local servers), the region as `region` says. `attempts` counts all tries of a call, the first included. Clients are safe
to share between threads; make one per process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, HTTPClientError, NoCredentialsError, NoRegionError

from vectorlog.domain.errors import Unavailable
from vectorlog.retry import log_refusal

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.client import BaseClient
    from botocore.model import OperationModel

CALLS_AT_ONCE = 16
"""Threads that call a service at the same time, and so the connections that its client keeps."""

_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""DynamoDB's answers of status 400 that may be another one later; those of 5xx all may (its guide, "Error handling").
"""

_TOO_MANY = 429
"""What Bedrock answers to more requests than it allows."""


def dynamodb() -> BaseClient:
    """Answers in milliseconds or not at all: a call that takes three seconds is given up and tried again.

    When all tries were in vain its calls raise `Unavailable`, so a request is answered 503 and a message goes back.
    """
    client = _client("dynamodb", connect_timeout=1, read_timeout=3, attempts=5, connections=4 * CALLS_AT_ONCE)
    client.meta.events.register_last("after-call", _raise_if_busy)
    client.meta.events.register_last("after-call-error", _raise_if_unreachable)
    return client


def dynamodb_streams() -> BaseClient:
    """Read from when records were given up, and at no other time."""
    return _client("dynamodbstreams", connect_timeout=2, read_timeout=10, attempts=5)


def sqs() -> BaseClient:
    """The longest answer is a receive that waits for 20 s."""
    return _client("sqs", connect_timeout=2, read_timeout=25, attempts=5)


def s3() -> BaseClient:
    """Checksums only where S3 demands one, so that whoever uploads to a signed address need not compute one.

    The bucket is in the host's name. Otherwise botocore would sign addresses at S3's global name, from which a bucket's
    requests are redirected on its first day, to where the signature does not hold. A local server has no such names.
    """
    return _client(
        "s3",
        connect_timeout=2,
        read_timeout=20,
        attempts=5,
        connections=2 * CALLS_AT_ONCE,  # a transfer brings threads of its own
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "auto" if "AWS_ENDPOINT_URL_S3" in os.environ else "virtual"},
    )


def bedrock_for_ingest() -> BaseClient:
    """Nobody waits, but a function's time is limited: after about 15 s of refusals the message goes back to its queue.

    botocore's adaptive mode would hold 16 threads back for two minutes before it gave up, for its bucket is shared by
    all of them (measured with a Bedrock that throttles every request: 126 s, in standard mode 16 s).
    """
    return _client("bedrock-runtime", connect_timeout=2, read_timeout=30, attempts=6, connections=2 * CALLS_AT_ONCE)


def bedrock_for_search() -> BaseClient:
    """Someone waits, for 29 s at most behind API Gateway."""
    return _client("bedrock-runtime", connect_timeout=2, read_timeout=8, attempts=3)


def secrets_manager() -> BaseClient:
    """Read once in a process."""
    return _client("secretsmanager", connect_timeout=2, read_timeout=5, attempts=3)


def cloudformation() -> BaseClient:
    """Asked by an operator's command, once or twice."""
    return _client("cloudformation", connect_timeout=5, read_timeout=20, attempts=5)


def region() -> str | None:
    """`AWS_REGION`, which AWS's command line, its SDKs and the CDK read, all but boto3; None: whatever boto3 finds."""
    return os.environ.get("AWS_REGION") or None


def signing() -> tuple[object, str]:
    """This role's credentials and region, for requests to OpenSearch."""
    session = boto3.Session(region_name=region())
    return session.get_credentials(), session.region_name


def explain_connection_error(error: BotoCoreError) -> str:
    """Why AWS could not be asked, and what to do, for whoever gave a command."""
    match error:
        case NoCredentialsError():
            return "There are no AWS credentials. Log in (`aws sso login`), or set AWS_PROFILE or AWS_ACCESS_KEY_ID."
        case NoRegionError():
            return "There is no AWS region. Set AWS_REGION, such as eu-central-1."
    return f"AWS does not answer: {error}"


def _client(
    service: str,
    *,
    connect_timeout: float,
    read_timeout: float,
    attempts: int,
    connections: int = CALLS_AT_ONCE,
    **settings: object,
) -> BaseClient:
    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=connections,
        tcp_keepalive=True,
        user_agent_extra="vectorlog",
        **settings,
    )
    client = boto3.client(service, region_name=region(), config=config)
    client.meta.events.register_first(
        f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", _log_if_refused
    )
    return client


def _log_if_refused(
    response: tuple[AWSResponse, Mapping[str, Any]] | None,
    attempts: int,
    operation: OperationModel,
    caught_exception: Exception | None,
    **_: object,
) -> None:
    """Of each attempt of each call; botocore decides, and asks again where there are attempts left."""
    reason = "" if caught_exception is None else str(caught_exception)
    if response is not None:
        answer, parsed = response
        error = parsed.get("Error", {})
        if answer.status_code >= 500 or answer.status_code == _TOO_MANY or error.get("Code") in _BUSY:
            reason = f"{answer.status_code} {error.get('Code', '')}: {error.get('Message', 'no reason given')}"
    if reason:
        log_refusal(f"{operation.service_model.service_id} {operation.name}", attempts, None, reason)


def _raise_if_busy(http_response: AWSResponse, parsed: Mapping[str, Any], **_: object) -> None:
    code = parsed.get("Error", {}).get("Code")
    if http_response.status_code >= 500 or code in _BUSY:
        raise Unavailable(f"The database is busy ({code}). Please repeat the request.")


def _raise_if_unreachable(exception: Exception, **_: object) -> None:
    if isinstance(exception, HTTPClientError):
        raise Unavailable("The database does not answer. Please repeat the request.") from exception
