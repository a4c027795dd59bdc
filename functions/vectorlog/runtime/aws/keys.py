"""Creates API keys whose text is stored directly in AWS Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectorlog.runtime.aws.secrets import keep
from vectorlog.use_cases import api_keys

if TYPE_CHECKING:
    from botocore.client import BaseClient


def create(
    log_and_views: api_keys.LogAndViews, client: BaseClient, secret: str, project: str, name: str
) -> tuple[api_keys.KeyView, str]:
    """Creates a key. Returns it, and the ARN of the secret that holds its text from now on.

    Args:
        log_and_views: where keys are stored.
        client: of Secrets Manager.
        secret: name or ARN of the secret that is to hold the key's text.
        project: what the key opens.
        name: what the key is for.

    Raises:
        Invalid: the project's name is not valid.
        SecretUnusable: the secret cannot be written. The key is then revoked, because nobody knows its text.
    """
    view, text = api_keys.create(log_and_views, project, name)
    try:
        return view, keep(client, secret, text)
    except BaseException:
        api_keys.revoke(log_and_views, view.id)
        raise
