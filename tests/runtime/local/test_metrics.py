"""Counts in Prometheus' text form."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vectorlog.runtime.local.metrics import PrometheusMetrics
from vectorlog.telemetry.telemetry import FileRef, Telemetry

REF = FileRef("vs_1", "file-1", 1)


def test_exposition() -> None:
    """What was counted is in the text, by outcome and code; the content type says which version of the form it is."""
    metrics = PrometheusMetrics()
    telemetry = Telemetry(metrics)
    telemetry.files_completed(2)
    telemetry.file_failed(REF, "invalid_file", "It is damaged.", version=1, replayed=False)
    telemetry.file_postponed(REF, "slow down", 1000)
    telemetry.provider_refused("openai:small", "429", "busy")
    content_type, body = metrics.exposition()
    assert content_type.startswith("text/plain; version=")
    lines = body.decode().splitlines()
    assert 'vectorlog_files_total{code="",outcome="completed"} 2.0' in lines
    assert 'vectorlog_files_total{code="invalid_file",outcome="failed"} 1.0' in lines
    assert 'vectorlog_files_total{code="",outcome="postponed"} 1.0' in lines
    assert 'vectorlog_provider_refusals_total{kind="temporary",model="openai:small"} 1.0' in lines
    assert "# TYPE vectorlog_failed_requests_total counter" in lines


def test_each_its_own() -> None:
    """Two servers in one process do not count together."""
    first, second = PrometheusMetrics(), PrometheusMetrics()
    Telemetry(first).files_completed(1)
    assert b"} 1.0" in first.exposition()[1]
    assert b"} 1.0" not in second.exposition()[1]


@pytest.mark.long
def test_imported_late() -> None:
    """Only a server that starts pays for importing Prometheus' client."""
    program = "import vectorlog.runtime.local.service, sys; assert 'prometheus_client' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
