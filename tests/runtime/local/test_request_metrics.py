"""What Prometheus gets to know of requests."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from vectorlog.runtime.local.request_log import RequestLine
from vectorlog.runtime.local.request_metrics import RequestMetrics


def line(operation: str, status: int = 200, ms: float = 7.0, path: str = "/v1/files") -> RequestLine:
    return RequestLine("GET", path, status, ms, "req_1", "acme", operation, 10, 20)


def test_counted() -> None:
    """Each request is counted by its route and status, and its time by its route."""
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    for status in (200, 200, 404):
        metrics.ended(line("listFiles", status))
    value = registry.get_sample_value
    assert value("vectorlog_requests_total", {"route": "listFiles", "status": "200"}) == 2
    assert value("vectorlog_requests_total", {"route": "listFiles", "status": "404"}) == 1
    assert value("vectorlog_request_seconds_count", {"route": "listFiles"}) == 3
    assert value("vectorlog_request_seconds_sum", {"route": "listFiles"}) == pytest.approx(0.021)
    assert value("vectorlog_request_seconds_bucket", {"route": "listFiles", "le": "0.005"}) == 0
    assert value("vectorlog_request_seconds_bucket", {"route": "listFiles", "le": "0.01"}) == 3
    assert value("vectorlog_http_body_bytes_total", {"direction": "received"}) == 30
    assert value("vectorlog_http_body_bytes_total", {"direction": "sent"}) == 60


def test_paths_are_no_labels() -> None:
    """A stranger who asks for a thousand paths makes no thousand series."""
    registry = CollectorRegistry()
    metrics = RequestMetrics(registry)
    for number in range(1000):
        metrics.ended(line("", 404, path=f"/{number}"))
    samples = [sample for metric in registry.collect() for sample in metric.samples if "total" in sample.name]
    assert sorted(sample.value for sample in samples) == [1000.0, 10_000.0, 20_000.0]
