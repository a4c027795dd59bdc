"""Gives the functions' roles their rights in OpenSearch when the stack is made or changed. It is the domain's one
master.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from handlers.observed import logger, tracer
from vectorlog.index.opensearch.index import connect
from vectorlog.index.opensearch.patience import TEMPORARY, Busy, Patience, patiently
from vectorlog.runtime.aws import clients, custom_resource

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from opensearchpy import OpenSearch

SETTLING = Patience(attempts=10, seconds=10)
"""A new domain refuses its master for a while: until IAM and the domain have heard of each other. This is two minutes.
"""


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Takes the properties `Endpoint` and `Roles`, see `give`."""
    custom_resource.answer(event, context, _make)


def _make(properties: Mapping[str, Any]) -> None:
    credentials, region = clients.signing()
    give(connect(properties["Endpoint"], credentials=credentials, region=region), properties["Roles"])


def give(client: OpenSearch, roles: Mapping[str, Any], pause: Callable[[float], None] = time.sleep) -> None:
    """Makes these roles, by name, with `Permissions` as the security plugin writes them, for exactly the IAM roles in
    `Holders`.

    Raises:
        TransportError: OpenSearch refused; it is asked again for two minutes where that may help.
        Unavailable: it did not answer in that time.
    """
    for name, role in roles.items():
        for path, body in (
            (f"roles/{name}", role["Permissions"]),
            (f"rolesmapping/{name}", {"backend_roles": role["Holders"]}),
        ):
            patiently(SETTLING, pause, partial(_put, client, path, body))


def _put(client: OpenSearch, path: str, body: Mapping[str, Any]) -> None:
    from opensearchpy.exceptions import ConnectionError, TransportError

    try:
        client.transport.perform_request("PUT", f"/_plugins/_security/api/{path}", body=body, timeout=SETTLING.seconds)
    except ConnectionError as error:
        raise Busy(str(error)) from error
    except TransportError as error:
        if error.status_code in TEMPORARY | {401, 403}:
            raise Busy(str(error)) from error
        raise
