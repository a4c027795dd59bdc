"""Requests to OpenSearch: the client, how often each is tried, how long for, and what its errors become. Nothing of
opensearch-py is imported until `connect` is called, so that functions which never search do not load it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from vectorlog.domain.errors import Unavailable
from vectorlog.index.opensearch.errors import TEMPORARY, Busy, IndexRefused
from vectorlog.index.opensearch.mapping import Json
from vectorlog.retry import ADDED_JITTER, REAL_TIME, RetryPolicy, Timing, retrying

if TYPE_CHECKING:
    from opensearchpy import OpenSearch

T = TypeVar("T")

SEARCHING = RetryPolicy(attempts=3, first_s=0.2, jitter=ADDED_JITTER, timeout_s=9)
"""Someone waits, for 29 s at most behind API Gateway."""
WRITING = RetryPolicy(attempts=5, first_s=0.2, jitter=ADDED_JITTER, timeout_s=30)
"""A wait for the refresh takes up to a second, rarely eleven."""


def connect(
    url: str, *, credentials: object | None = None, region: str | None = None, service: str = "es"
) -> OpenSearch:
    """A client to make once and share between threads; it never repeats a request, the index does.

    Args:
        url: with scheme; all of its path is a prefix.
        credentials: botocore's, which sign every request for the region; None signs none.
        region: such as `eu-central-1`.
        service: that requests are signed for.
    """
    from opensearchpy import OpenSearch, Urllib3AWSV4SignerAuth, Urllib3HttpConnection

    signer = None if credentials is None else Urllib3AWSV4SignerAuth(credentials, region, service)
    return OpenSearch(
        url, http_auth=signer, connection_class=Urllib3HttpConnection, pool_maxsize=16, timeout=30, max_retries=0
    )


def attempted(what: str, policy: RetryPolicy, step: Callable[[], T], timing: Timing = REAL_TIME) -> T:
    """What a step gives, which is taken again while it raises Busy.

    Raises:
        Unavailable: OpenSearch was busy each time.
    """
    try:
        return retrying(f"OpenSearch {what}", policy, step, on=Busy, timing=timing)
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
    """OpenSearch's answer to one request, or what it says with a status that is to be ignored.

    Raises:
        Busy: it did not answer, or with a status that is temporary.
        IndexRefused: it answered with any other status.
    """
    from opensearchpy.exceptions import ConnectionError, TransportError

    try:
        answer: Json = client.transport.perform_request(
            method, path, params=dict(params), body=body, timeout=timeout_s, ignore=ignore
        )
    except ConnectionError as error:
        raise Busy(str(error)) from error
    except TransportError as error:
        kind = Busy if error.status_code in TEMPORARY else IndexRefused
        raise kind(str(error)) from error
    return answer
