"""Tables on the DynamoDB Local that `AWS_ENDPOINT_URL_DYNAMODB` names; for tests marked `aws`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from vectorlog.runtime.aws import clients

if TYPE_CHECKING:
    from botocore.client import BaseClient


@cache
def client() -> BaseClient:
    """A client as the AWS edition creates it."""
    endpoint = os.environ["AWS_ENDPOINT_URL_DYNAMODB"]
    assert "//127.0.0.1:" in endpoint, "tests never write to an account"
    return clients.dynamodb()


@contextmanager
def table(definition: Callable[[str], dict[str, Any]]) -> Iterator[str]:
    """Creates an empty table (`tables.events`, `tables.views`); returns its name."""
    name = f"test-{uuid4().hex}"
    client().create_table(**definition(name))
    yield name
    with suppress(client().exceptions.ResourceNotFoundException):  # boto3 repeats a call whose answer is late
        client().delete_table(TableName=name)
