"""Lambda's Invoke API, as `sam local start-lambda` serves it."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from local_aws.account import CREDENTIALS
from local_aws.function import FunctionError
from local_aws.payloads import Json

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONTAINER_S = 60
"""Seconds added to a function's time limit, for starting its container."""


def connect(url: str, timeout_s: int) -> BaseClient:
    """A client of Lambda that waits for the longest function and does not retry."""
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(read_timeout=timeout_s + CONTAINER_S, retries={"total_max_attempts": 1}),
    )


class Container:
    """A function behind a client of Lambda. Calls run one after the other, because sam keeps one container per
    function.

    Args:
        client: from `connect`.
        name: the function's logical id.
    """

    def __init__(self, client: BaseClient, name: str) -> None:
        self._client = client
        self._name = name
        self._turn = threading.Lock()

    def __call__(self, event: Json) -> Json | None:
        """The function's answer.

        Raises:
            FunctionError: it raised or ran out of time.
        """
        with self._turn:
            answer = self._client.invoke(FunctionName=self._name, Payload=json.dumps(event).encode())
            payload = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise FunctionError(f"{self._name} failed: {payload}")
        result: Json | None = json.loads(payload)
        return result
