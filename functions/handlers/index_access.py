"""A custom resource that gives the functions' roles their permissions in OpenSearch. Its role is the domain's only
master user.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from handlers.observed import logger
from vectorlog.index.opensearch.errors import TEMPORARY, Busy
from vectorlog.index.opensearch.requests import connect, with_retries
from vectorlog.retry import ADDED_JITTER, REAL_TIME, RetryPolicy, Timing
from vectorlog.runtime.aws import clients, custom_resource
from vectorlog.runtime.aws.tracing import traced

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from opensearchpy import OpenSearch

RETRY = RetryPolicy(attempts=10, first_s=0.2, jitter=ADDED_JITTER, timeout_s=10)
"""Retries for two minutes, because a new domain refuses its master user until IAM changes have reached it."""


@logger.inject_lambda_context(clear_state=True)
@traced
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Sets the permissions. The resource's properties are `Endpoint` and `Roles`, see `give`."""
    custom_resource.answer(event, context, _make)


def _make(properties: Mapping[str, Any]) -> None:
    credentials, region = clients.signing()
    give(connect(properties["Endpoint"], credentials=credentials, region=region), properties["Roles"])


def give(client: OpenSearch, roles: Mapping[str, Any], timing: Timing = REAL_TIME) -> None:
    """Creates or replaces roles in OpenSearch, and maps each of them to exactly its IAM roles.

    Args:
        client: signed by the domain's master user.
        roles: by name. `Permissions` has the format of the security plugin; `Holders` are ARNs of IAM roles.
        timing: of the retries.

    Raises:
        TransportError: OpenSearch refused, and a retry would not help.
        Unavailable: it did not answer, or was busy, for two minutes.
    """
    for name, role in roles.items():
        for path, body in (
            (f"roles/{name}", role["Permissions"]),
            (f"rolesmapping/{name}", {"backend_roles": role["Holders"]}),
        ):
            with_retries(f"PUT {path}", RETRY, partial(_put, client, path, body), timing)


def _put(client: OpenSearch, path: str, body: Mapping[str, Any]) -> None:
    from opensearchpy.exceptions import ConnectionError, TransportError

    try:
        client.transport.perform_request("PUT", f"/_plugins/_security/api/{path}", body=body, timeout=RETRY.timeout_s)
    except ConnectionError as error:
        raise Busy(str(error)) from error
    except TransportError as error:
        if error.status_code in TEMPORARY | {401, 403}:
            raise Busy(str(error)) from error
        raise
