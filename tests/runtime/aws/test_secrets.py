"""The endpoint's key, from Secrets Manager."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tests.support import moto_aws
from vectorlog.runtime.aws import clients
from vectorlog.runtime.aws.secrets import SecretUnusable, api_key

if TYPE_CHECKING:
    from botocore.client import BaseClient


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with moto_aws.aws():
        yield clients.secrets_manager()


@pytest.mark.parametrize("text", ["sk-1", " sk-1\n", '{"api_key": "sk-1", "note": "of the team"}'])
def test_a_key_is_text_or_a_field(client: BaseClient, text: str) -> None:
    """A secret may be the key itself, or the console's JSON form."""
    client.create_secret(Name="openai", SecretString=text)
    assert api_key(client, "openai") == "sk-1"


@pytest.mark.parametrize("text", [" ", "{", "{}", '{"key": "sk-1"}', '{"api_key": 7}', '{"api_key": " "}'])
@pytest.mark.long
def test_a_secret_without_a_key(client: BaseClient, text: str) -> None:
    """The error says where the key belongs, and nothing of the secret's content."""
    client.create_secret(Name="openai", SecretString=text)
    with pytest.raises(SecretUnusable, match=r"openai holds no key: .* field api_key") as caught:
        api_key(client, "openai")
    assert "sk-1" not in str(caught.value)


def test_bytes_are_no_key(client: BaseClient) -> None:
    """A binary secret is refused, not decoded by a guess."""
    client.create_secret(Name="openai", SecretBinary=b"sk-1")
    with pytest.raises(SecretUnusable, match="holds no key"):
        api_key(client, "openai")


def test_no_secret(client: BaseClient) -> None:
    """The error names the missing secret."""
    with pytest.raises(SecretUnusable, match="openai cannot be read"):
        api_key(client, "openai")


def test_other_errors_stay(client: BaseClient) -> None:
    """A temporary error is not reported as a wrong secret."""
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", "InternalServiceError", http_status_code=500)
        with pytest.raises(ClientError, match="InternalServiceError"):
            api_key(client, "openai")
