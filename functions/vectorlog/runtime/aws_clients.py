"""The boto3 clients of the AWS edition: every time-out, retry and pool of connections, set here and nowhere else.

Region, credentials and endpoints come from the environment as boto3 reads them (`AWS_ENDPOINT_URL_SQS` and its like point at local
servers). `max_attempts` counts all tries of a call, the first included. Clients are safe to share between threads; make one per process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from botocore.client import BaseClient

CALLS_AT_ONCE = 16
"""Threads that call a service at the same time, and so the connections that its client keeps."""


def dynamodb() -> BaseClient:
    """Answers in milliseconds or not at all: a call that takes a second is given up and tried again."""
    return _client("dynamodb", connect_timeout=1, read_timeout=3, attempts=5, connections=4 * CALLS_AT_ONCE)


def sqs() -> BaseClient:
    """The longest answer is a receive that waits for 20 s."""
    return _client("sqs", connect_timeout=2, read_timeout=25, attempts=5)


def s3() -> BaseClient:
    """Checksums only where S3 demands one, so that whoever uploads to a signed address need not compute one."""
    return _client(
        "s3",
        connect_timeout=2,
        read_timeout=20,
        attempts=5,
        connections=2 * CALLS_AT_ONCE,  # a transfer brings threads of its own
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def bedrock_for_ingest() -> BaseClient:
    """Nobody waits, but a function's time is limited: after about 15 s of refusals the message goes back to its queue."""
    return _client("bedrock-runtime", connect_timeout=2, read_timeout=30, attempts=6, connections=2 * CALLS_AT_ONCE)


def bedrock_for_search() -> BaseClient:
    """Someone waits, for 29 s at most behind API Gateway."""
    return _client("bedrock-runtime", connect_timeout=2, read_timeout=8, attempts=3)


def secrets_manager() -> BaseClient:
    """Read once in a process."""
    return _client("secretsmanager", connect_timeout=2, read_timeout=5, attempts=3)


def _client(
    service: str, *, connect_timeout: float, read_timeout: float, attempts: int, connections: int = CALLS_AT_ONCE, **settings: str
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
    return boto3.client(service, config=config)
