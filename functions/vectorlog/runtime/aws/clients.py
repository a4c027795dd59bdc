"""The boto3 clients of the AWS edition. All of their time-outs, retries and connection pools are set here.

boto3 reads credentials and endpoints from the environment (`AWS_ENDPOINT_URL_SQS` and similar variables point to local
servers); `region` returns the region. `attempts` counts all tries of a call, including the first. Clients are
thread-safe; make one per process.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, HTTPClientError, NoCredentialsError, NoRegionError
from botocore.session import Session, get_session
from botocore.utils import parse_timestamp

from vectorlog.domain.errors import Unavailable
from vectorlog.retry import log_refusal

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from botocore.client import BaseClient
    from botocore.model import OperationModel

CALLS_AT_ONCE = 16
"""How many threads call a service at the same time, and so how many connections its client keeps."""

_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""DynamoDB's errors of status 400 that are worth a retry; all of its 5xx errors are (its guide, "Error handling")."""

_TOO_MANY = 429
"""The status with which Bedrock throttles requests."""


def dynamodb() -> BaseClient:
    """DynamoDB. It normally answers within milliseconds, so a call is abandoned after three seconds and retried.

    When all tries have failed, its calls raise `Unavailable`. A request is then answered 503, and a message returns to
    its queue.
    """
    client = _client("dynamodb", connect_timeout=1, read_timeout=3, attempts=5, connections=4 * CALLS_AT_ONCE)
    client.meta.events.register_last("after-call", _raise_if_busy)
    client.meta.events.register_last("after-call-error", _raise_if_unreachable)
    return client


def dynamodb_streams() -> BaseClient:
    """DynamoDB Streams. It is read only after stream records were given up."""
    return _client("dynamodbstreams", connect_timeout=2, read_timeout=10, attempts=5)


def sqs() -> BaseClient:
    """SQS. Its slowest call is a receive that waits for up to 20 s."""
    return _client("sqs", connect_timeout=2, read_timeout=25, attempts=5)


def s3() -> BaseClient:
    """S3. Checksums are sent only if S3 requires one, so that uploads to a signed URL need not compute one.

    The bucket is part of the host name. Otherwise botocore would sign URLs of S3's global host, which redirects a
    bucket's requests on its first day to a host for which the signature is not valid. A local server has no such names.
    """
    return _client(
        "s3",
        connect_timeout=2,
        read_timeout=20,
        attempts=5,
        connections=2 * CALLS_AT_ONCE,  # a transfer uses additional threads
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "auto" if "AWS_ENDPOINT_URL_S3" in os.environ else "virtual"},
    )


def bedrock_for_ingest() -> BaseClient:
    """Bedrock for ingest. After about 15 s of refusals a call gives up, and the message returns to its queue.

    No client waits for it, but a function's run time is limited. botocore's adaptive mode would block 16 threads for
    two minutes before it gave up, because they share one token bucket (measured with a Bedrock that throttles every
    request: 126 s, and 16 s in standard mode).
    """
    return _client("bedrock-runtime", connect_timeout=2, read_timeout=30, attempts=6, connections=2 * CALLS_AT_ONCE)


def bedrock_for_search() -> BaseClient:
    """Bedrock for searches. A client waits for it, and API Gateway ends a request after 29 s."""
    return _client("bedrock-runtime", connect_timeout=2, read_timeout=8, attempts=3)


def secrets_manager() -> BaseClient:
    """Secrets Manager. It is read once per process."""
    return _client("secretsmanager", connect_timeout=2, read_timeout=5, attempts=3)


def eventbridge() -> BaseClient:
    """EventBridge. What it does not take stays in the outbox, so it need not be asked for long."""
    return _client("events", connect_timeout=2, read_timeout=5, attempts=3)


def cloudformation() -> BaseClient:
    """CloudFormation. An operator's command calls it once or twice."""
    return _client("cloudformation", connect_timeout=5, read_timeout=20, attempts=5)


def region() -> str | None:
    """Returns `AWS_REGION`, or None to let boto3 choose.

    AWS's command line, the CDK and AWS's other SDKs read this variable, but boto3 does not.
    """
    return os.environ.get("AWS_REGION") or None


def signing() -> tuple[object, str]:
    """Returns this role's credentials and region, to sign requests to OpenSearch."""
    session = boto3.Session(region_name=region())
    return session.get_credentials(), session.region_name


def explain_connection_error(error: BotoCoreError) -> str:
    """Returns a message for an operator: why AWS could not be reached, and what to do."""
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
    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session(botocore_session=_session())
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


def _session() -> Session:
    """Returns a session of botocore that parses times of S3's listings as what they are: 20 ms for a page of 1,000 keys
    instead of 120.
    """
    session = get_session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=time_of)
    return session


def time_of(value: object) -> datetime:
    """Returns the time that a service writes as `value`, as botocore's own, slower parser does."""
    if isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    at: datetime = parse_timestamp(value)  # a header's, or one of JSON
    return at


def _log_if_refused(
    response: tuple[AWSResponse, Mapping[str, Any]] | None,
    attempts: int,
    operation: OperationModel,
    caught_exception: Exception | None,
    **_: object,
) -> None:
    """Logs each refused attempt of a call. botocore itself decides whether to retry."""
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
