"""Requests by route and status, and how long they took, in Prometheus' metrics."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from vectorlog.runtime.local.request_log import RequestLine

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Bounds of the histogram: a read takes a few ms, a search some tens, and an upload may take minutes."""
OTHER = "other"
"""The route of requests that no operation answered: health checks, the console, unknown paths."""
_KEPT = 1_024
"""How many pairs of route and status are kept ready: about 80 routes with up to a dozen statuses."""


class RequestMetrics:
    """Counts each request that has ended. A route is named by its operation, so no label depends on what clients send.

    Args:
        registry: where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Histogram

        requests = Counter(
            "vectorlog_requests",
            "Requests by route and status; 499 if the client disconnected before the end.",
            ("route", "status"),
            registry=registry,
        )
        seconds = Histogram(
            "vectorlog_request_seconds",
            "Time of requests by route, from the first byte received to the last one sent.",
            ("route",),
            registry=registry,
            buckets=SECONDS,
        )
        self._bytes = Counter(
            "vectorlog_http_body_bytes",
            "Bytes of bodies that were received and sent.",
            ("direction",),
            registry=registry,
        )

        @lru_cache(maxsize=_KEPT)  # `labels` takes a lock and makes a tuple each time
        def children(route: str, status: int) -> tuple[Counter, Histogram]:
            return requests.labels(route, str(status)), seconds.labels(route)

        self._children = children
        self._received, self._sent = self._bytes.labels("received"), self._bytes.labels("sent")

    def ended(self, line: RequestLine) -> None:
        """Counts a request."""
        requests, seconds = self._children(line.operation or OTHER, line.status)
        requests.inc()
        seconds.observe(line.ms / 1000)
        self._received.inc(line.bytes_in)
        self._sent.inc(line.bytes_out)
