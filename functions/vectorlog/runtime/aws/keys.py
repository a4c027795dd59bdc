"""Stores the text of a new API key directly in AWS Secrets Manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vectorlog.runtime.aws.secrets import keep
from vectorlog.use_cases import api_keys

if TYPE_CHECKING:
    from botocore.client import BaseClient


def create(
    log_and_views: api_keys.LogAndViews,
    client: BaseClient,
    secret: str,
    make: Callable[[], tuple[api_keys.KeyView, str]],
) -> tuple[api_keys.KeyView, str]:
    """Creates a key. Returns it, and the ARN of the secret that holds its text from now on.

    Args:
        log_and_views: where keys are stored.
        client: of Secrets Manager.
        secret: name or ARN of the secret that is to hold the key's text.
        make: creates the key there, and returns it with its text.

    Raises:
        SecretUnusable: the secret cannot be written. The key is then revoked, because nobody knows its text.
    """
    view, text = make()
    try:
        return view, keep(client, secret, text)
    except BaseException:
        api_keys.revoke(log_and_views, view.id)
        raise
