"""Keys in AWS Secrets Manager: that of an embedding endpoint, and those of our own that an operator puts there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from botocore.client import BaseClient

FIELD = "api_key"
"""The field of a secret that holds JSON, which is what the console makes."""


class SecretUnusable(Exception):
    """The deployment's secret is missing or holds no key; the message says what to do and never what the secret
    holds.
    """


def api_key(client: BaseClient, secret: str) -> str:
    """The key in a secret: its whole text, or the field `api_key` of its JSON.

    Args:
        client: of Secrets Manager.
        secret: name or ARN.

    Raises:
        SecretUnusable: there is no such secret, the role may not read it, or it holds no key.
    """
    try:
        text = client.get_secret_value(SecretId=secret).get("SecretString", "").strip()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in ("ResourceNotFoundException", "AccessDeniedException", "DecryptionFailure"):
            raise
        raise SecretUnusable(
            f"The secret {secret} cannot be read ({code}): it must exist, and the role may read it."
        ) from None
    key = _field(text) if text.startswith("{") else text
    if not key:
        raise SecretUnusable(
            f"The secret {secret} holds no key: put it there as plain text, or as JSON in the field {FIELD}."
        )
    return key


def is_empty(client: BaseClient, secret: str) -> bool:
    """Whether a secret was made and never given a text. Its text is not read.

    Args:
        client: of Secrets Manager.
        secret: name or ARN.
    """
    versions = client.describe_secret(SecretId=secret).get("VersionIdsToStages", {})
    return not any("AWSCURRENT" in stages for stages in versions.values())


def keep(client: BaseClient, secret: str, key: str) -> str:
    """Makes the key the text of a secret, which is made where it is missing; the secret's ARN.

    Args:
        client: of Secrets Manager.
        secret: name or ARN.
        key: what the secret held before stays its previous version.

    Raises:
        SecretUnusable: the secret cannot be made or written.
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
        found = json.loads(text).get(FIELD)
    except ValueError:
        return None
    return found.strip() if isinstance(found, str) else None
