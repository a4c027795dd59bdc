"""The first API key, created with the stack."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from handlers import first_key
from tests.support.moto_deployment import Context, MotoDeployment
from vectorlog.runtime.aws import custom_resource, keys, secrets, wiring
from vectorlog.use_cases import api_keys


@pytest.fixture
def secret(moto: MotoDeployment) -> str:
    """An empty secret, as the stack creates it."""
    return str(boto3.client("secretsmanager", region_name="us-east-1").create_secret(Name="first-key")["ARN"])


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The answers to CloudFormation."""
    told: list[str] = []
    monkeypatch.setattr(custom_resource, "_send", lambda _, body: told.append(body))
    return told


def _asked(kind: str, secret: str) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "ResponseURL": "https://answer.example/",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "FirstKey",
        "ResourceProperties": {"Secret": secret},
    }


def _text(secret: str) -> str:
    return str(
        boto3.client("secretsmanager", region_name="us-east-1").get_secret_value(SecretId=secret)["SecretString"]
    )


def opens(text: str) -> str | None:
    """Returns the project that a key opens."""
    found = api_keys.authenticate(wiring.deployment(), text)
    return found.state.project if found else None


def test_opens(secret: str, answers: list[str]) -> None:
    """The secret's value is a key that opens project `default`; the answer to CloudFormation, which is stored and
    shown, does not contain it.
    """
    first_key.handler(_asked("Create", secret), Context())
    text = _text(secret)
    assert opens(text) == "default"
    assert '"SUCCESS"' in answers[0]
    assert text not in answers[0]


def test_once(secret: str, answers: list[str]) -> None:
    """A repeated request of CloudFormation, an update and a delete create no second key and leave the first one as it
    is.
    """
    for kind in ("Create", "Create", "Update", "Delete"):
        first_key.handler(_asked(kind, secret), Context())
        assert '"SUCCESS"' in answers.pop()
    assert len(api_keys.list_all(wiring.deployment())) == 1
    assert opens(_text(secret)) == "default"


def test_no_secret(moto: MotoDeployment, answers: list[str]) -> None:
    """If the secret does not exist, no key is created, and the deploy fails immediately with the reason."""
    first_key.handler(_asked("Create", "arn:aws:secretsmanager:us-east-1:123456789012:secret:none"), Context())
    assert '"FAILED"' in answers[0]
    assert api_keys.list_all(wiring.deployment()) == []


def test_refused_write(secret: str, answers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """If the secret cannot be written, the key, which nobody knows, is revoked, and the deploy fails."""

    def refuse(*_: object) -> str:
        raise secrets.SecretUnusable("it may not be written")

    monkeypatch.setattr(keys, "keep", refuse)
    first_key.handler(_asked("Create", secret), Context())
    assert '"FAILED"' in answers[0]
    assert [key.state.revoked_at is not None for key in api_keys.list_all(wiring.deployment())] == [True]
