"""Requests to OpenSearch: client, retries, timeouts and errors.

opensearch-py is not imported before `connect` is called, so that functions which never search do not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from vectorlog.domain.errors import Unavailable
from vectorlog.index.opensearch.errors import TEMPORARY, Asleep, Busy, IndexRefused
from vectorlog.index.opensearch.mapping import Json
from vectorlog.retry import ADDED_JITTER, REAL_TIME, RetryPolicy, Timing, retrying

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

T = TypeVar("T")

SEARCHING = RetryPolicy(attempts=3, first_s=0.2, jitter=ADDED_JITTER, timeout_s=9)
"""For searches, where a user waits: behind API Gateway for at most 29 s."""
WRITING = RetryPolicy(attempts=5, first_s=0.2, jitter=ADDED_JITTER, timeout_s=30)
"""For writes. Waiting for the refresh takes up to one second, in rare cases eleven."""


def connect(
    url: str, *, credentials: object | None = None, region: str | None = None, service: str = "es"
) -> OpenSearch:
    """Creates a client, to be shared between threads. It never retries a request; `with_retries` does.

    Args:
        url: with scheme; a path in it is a prefix of every request's path.
        credentials: botocore's credentials, with which every request is signed; None to sign none.
        region: region to sign for, such as `eu-central-1`.
        service: service to sign for.
    """
    from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection

    signer = None if credentials is None else Urllib3AWSV4SignerAuth(credentials, region, service)
    return OpenSearch(
        url, http_auth=signer, connection_class=Urllib3HttpConnection, pool_maxsize=16, timeout=30, max_retries=0
    )


def with_retries(operation: str, policy: RetryPolicy, step: Callable[[], T], timing: Timing = REAL_TIME) -> T:
    """Calls `step`, again while it raises Busy, and returns its result; `operation` names it in log lines.

    Raises:
        Unavailable: every attempt raised Busy.
    """
    try:
        return retrying(f"OpenSearch {operation}", policy, step, on=Busy, timing=timing)
    except Busy as busy:
        raise Unavailable(f"The search index does not answer: {busy}") from busy


def request(
    client: OpenSearch,
    method: str,
    path: str,
    params: Mapping[str, str],
    body: object,
    *,
    timeout_s: float,
    ignore: tuple[int, ...] = (),
) -> Json:
    """Sends one request and returns the response body, also for an error status in `ignore`.

    Raises:
        Busy: OpenSearch did not answer, or answered with a temporary error.
        Asleep: it did not answer in time.
        IndexRefused: it answered with any other error.
    """
    from opensearchpy.exceptions import ConnectionError, ConnectionTimeout, TransportError

    try:
        answer: Json = client.transport.perform_request(
            method, path, params=dict(params), body=body, timeout=timeout_s, ignore=ignore
        )
    except ConnectionTimeout as error:
        raise Asleep(str(error)) from error
    except ConnectionError as error:
        raise Busy(str(error)) from error
    except TransportError as error:
        kind = Busy if error.status_code in TEMPORARY else IndexRefused
        raise kind(str(error)) from error
    return answer
