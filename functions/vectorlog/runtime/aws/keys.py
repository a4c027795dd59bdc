"""API keys whose secrets go straight into AWS Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vectorlog.runtime.aws.secrets import keep
from vectorlog.use_cases import api_keys

if TYPE_CHECKING:
    from botocore.client import BaseClient


def create(
    log_and_views: api_keys.LogAndViews, client: BaseClient, keeper: str, project: str, name: str
) -> tuple[api_keys.KeyView, str]:
    """Makes a key; gives it, and the ARN of the secret that holds its text from now on.

    Args:
        log_and_views: where keys are.
        client: of Secrets Manager.
        keeper: name or ARN of the secret.
        project: what the key opens.
        name: what it is for.

    Raises:
        Invalid: no project has such a name.
        SecretUnusable: the secret cannot be written; the key is revoked then, for nobody knows it.
    """
    view, text = api_keys.create(log_and_views, project, name)
    try:
        return view, keep(client, keeper, text)
    except BaseException:
        api_keys.revoke(log_and_views, view.id)
        raise
