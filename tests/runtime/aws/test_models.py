"""The embedding models of a deployment on AWS: the key of an endpoint comes from Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.embedding.stub_server import StubServer
from tests.support import moto_aws
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.endpoints import endpoint
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.environment import Environment
from vectorlog.runtime.aws.models import models

if TYPE_CHECKING:
    from botocore.client import BaseClient


@pytest.fixture
def secrets() -> Iterator[BaseClient]:
    with moto_aws.aws():
        yield clients.secrets_manager()


@pytest.fixture
def stub() -> Iterator[StubServer]:
    with StubServer(dimensions=64) as server:
        yield server


@pytest.fixture
def environment(stub: StubServer) -> Environment:
    return replace(Environment(), models="openai:stub", embedding_base_url=stub.base_url, embedding_secret="openai")


@pytest.mark.long
def test_a_rotated_secret(
    secrets: BaseClient, stub: StubServer, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A function that runs already uses a new key as soon as the provider refuses the old one."""
    monkeypatch.setattr(endpoint, "REREAD_S", 0.0)
    secrets.create_secret(Name="openai", SecretString="sk-old")
    stub.key = "sk-old"
    found = models(environment, searching=True)
    embedder = found.embedder(found.resolve())
    embedder.query("pump")
    secrets.put_secret_value(SecretId="openai", SecretString="sk-new")
    stub.key = "sk-new"
    assert len(embedder.query("pump")) == 64


@pytest.mark.long
def test_a_secret_that_cannot_be_used(secrets: BaseClient, environment: Environment) -> None:
    """A missing secret is the deployment's fault, and the sentence names it."""
    found = models(environment, searching=True)
    with pytest.raises(EmbeddingError, match="openai cannot be read") as caught:
        found.resolve()
    assert caught.value.fault == "deployment"
    secrets.create_secret(Name="openai", SecretString="sk-new")
    assert found.resolve().dimensions == 64
