"""The reranker of a deployment on AWS: its key comes from Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.reranking.rerank_server import RerankServer
from tests.support import moto_aws
from vectorlog.endpoints import endpoint
from vectorlog.reranking.reranker import RerankingError
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.aws.reranking import reranker

if TYPE_CHECKING:
    from botocore.client import BaseClient


@pytest.fixture
def secrets() -> Iterator[BaseClient]:
    with moto_aws.aws():
        yield clients.secrets_manager()


@pytest.fixture
def server() -> Iterator[RerankServer]:
    with RerankServer() as server:
        yield server


@pytest.fixture
def environment(server: RerankServer) -> Environment:
    return replace(
        Environment(), reranking_model="cross", reranking_base_url=server.base_url, reranking_secret="reranker"
    )


def test_the_key_of_the_secret(
    secrets: BaseClient, server: RerankServer, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret's key is sent; once it is refused, the newer one."""
    monkeypatch.setattr(endpoint, "REREAD_S", 0.0)
    secrets.create_secret(Name="reranker", SecretString="sk-old")
    made = reranker(environment)
    assert made.rerank(["owl"], ["an owl"]) == [1]
    server.status = 401
    secrets.put_secret_value(SecretId="reranker", SecretString="sk-new")
    with pytest.raises(RerankingError, match="401"):
        made.rerank(["owl"], ["an owl"])
    assert server.keys == ["Bearer sk-old", "Bearer sk-old", "Bearer sk-new"]


def test_without_a_secret(server: RerankServer, environment: Environment) -> None:
    """An endpoint that needs no key gets none, and Secrets Manager is not asked."""
    assert reranker(replace(environment, reranking_secret="")).rerank(["owl"], ["an owl"]) == [1]
    assert server.keys == [""]


def test_a_secret_that_cannot_be_used(secrets: BaseClient, environment: Environment) -> None:
    """A missing secret is a failure of the reranker, which a search survives; the reason names the secret."""
    with pytest.raises(RerankingError, match="reranker cannot be read"):
        reranker(environment).rerank(["owl"], ["an owl"])
