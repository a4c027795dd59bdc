"""AWS in this process, by moto: empty in every `aws()`, while clients, which are slow to create, are kept."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from vectorlog.runtime.aws import clients

if TYPE_CHECKING:
    from botocore.client import BaseClient


@contextmanager
def credentials(**variables: str) -> Iterator[None]:
    """A region, credentials that open nothing, and other variables."""
    regions = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (regions | keys | variables).items():
            patch.setenv(name, value)
        yield


@contextmanager
def aws() -> Iterator[None]:
    """An empty AWS."""
    addresses = {
        "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # moto does not serve an account's own endpoint of DynamoDB
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",  # of the real servers, if their tests run in the same process
    }
    with credentials(**addresses), mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(clients, "secrets_manager", _secrets_manager)
        yield


@cache
def s3() -> BaseClient:
    """Serializes calls: moto keeps an object's bytes in one file object, which parallel threads close under each
    other.
    """
    return _in_turn(clients.s3())


@cache
def dynamodb() -> BaseClient:
    """Serializes calls: moto checks a condition and writes without a lock in between."""
    return _in_turn(clients.dynamodb())


@cache
def sqs() -> BaseClient:
    """Serializes calls: moto iterates over a queue's messages while other threads change them."""
    return _in_turn(clients.sqs())


_secrets_manager = cache(clients.secrets_manager)


def spared(test: str, long: Collection[str]) -> None:
    """Skips a contract test that takes moto seconds, because it answers one call at a time and copies its tables for
    each transaction. The adapters pass it on the real local servers in `./dev test aws`; that of DynamoDB also passes
    it on the simulation's service in the quick suite.
    """
    if test in long:
        pytest.skip("takes moto seconds; ./dev test aws runs this test on the real local servers")


def _in_turn(client: BaseClient) -> BaseClient:
    call, turn = client._make_api_call, threading.RLock()

    def in_turn(*given: Any) -> Any:
        with turn:
            return call(*given)

    client._make_api_call = in_turn
    return client
