"""Keys in AWS Secrets Manager: the embedding endpoint's key, and API keys that an operator stores there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from vectorlog.endpoints.refusal import EndpointError

if TYPE_CHECKING:
    from botocore.client import BaseClient

FIELD = "api_key"
"""The field that holds the key if the secret is JSON, as the console creates it."""


class SecretUnusable(Exception):
    """A secret is missing, holds no key, or cannot be written.

    The message says what to do, and never contains the secret's text.
    """


def api_key(client: BaseClient, secret: str) -> str:
    """Returns the key in a secret: its whole text, or the field `api_key` if it is JSON.

    Args:
        client: of Secrets Manager.
        secret: name or ARN.

    Raises:
        SecretUnusable: the secret does not exist, the role may not read it, or it holds no key.
    """
    try:
        text = client.get_secret_value(SecretId=secret).get("SecretString", "").strip()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("ResourceNotFoundException", "AccessDeniedException", "DecryptionFailure"):
            raise
        raise SecretUnusable(
            f"The secret {secret} cannot be read ({code}): it must exist, and this role must be allowed to read it."
        ) from None
    key = _field(text) if text.startswith("{") else text
    if not key:
        raise SecretUnusable(
            f"The secret {secret} holds no key: put it there as plain text, or as JSON in the field {FIELD}."
        )
    return key


def endpoint_key(client: BaseClient, secret: str) -> str:
    """Returns the embedding endpoint's key, as the secret holds it now; arguments as for `api_key`.

    Raises:
        EndpointError: the secret cannot be used, or Secrets Manager does not answer.
    """
    try:
        return api_key(client, secret)
    except SecretUnusable as error:
        raise EndpointError(str(error), fault="deployment") from None
    except (ClientError, BotoCoreError) as error:
        raise EndpointError(f"The secret {secret} could not be read: {error}") from None


def is_empty(client: BaseClient, secret: str) -> bool:
    """Returns whether a secret exists but has never been given a text. The text itself is not read.

    Args:
        client: of Secrets Manager.
        secret: name or ARN.
    """
    versions = client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    return not any("AWSCURRENT" in stages for stages in versions.values())


def keep(client: BaseClient, secret: str, key: str) -> str:
    """Stores a key as the text of a secret, which is created if it does not exist. Returns the secret's ARN.

    Args:
        client: of Secrets Manager.
        secret: name or ARN.
        key: the new text. The old text stays as the secret's previous version.

    Raises:
        SecretUnusable: the secret cannot be created or written.
    """
    try:
        try:
            arn: str = client.put_secret_value(SecretId=secret, SecretString=key)["ARN"]
        except client.exceptions.ResourceNotFoundException:
            arn = client.create_secret(Name=secret, SecretString=key)["ARN"]
    except (ClientError, BotoCoreError) as error:
        raise SecretUnusable(f"The secret {secret} cannot be written: {error}") from None
    return arn


def _field(text: str) -> str | None:
    try:
        key = json.loads(text).get(FIELD)
    except ValueError:
        return None
    return key.strip() if isinstance(key, str) else None
