"""`GET /metrics` of a server that has worked, as Prometheus reads it, and what the Grafana dashboard asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openai import OpenAI
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.clients.conftest import EDITION, URL, long_locally
from tests.clients.service import HeldStub, eventually, running
from tools import dashboard

pytestmark = pytest.mark.skipif(bool(URL) or EDITION != "local", reason="CloudWatch has the metrics of the AWS edition")

PROMQL = {"histogram_quantile", "increase", "max", "min", "rate", "sum", "topk", "vector"}
"""The functions and aggregations of Prometheus that the dashboard uses; all of them exist. `by` is none of them."""
IDS = re.compile(r"\b(vs|file|vsfb|req|key|upload|wh|project|user)[-_][0-9a-f]{8,}")
LABELS = {
    "code",
    "database",
    "direction",
    "error",
    "kind",
    "model",
    "outcome",
    "part",
    "purpose",
    "python",
    "queue",
    "receiver",
    "route",
    "state",
    "status",
    "version",
}
"""All labels, but for the bounds of histograms. None may have a value that clients choose."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metrics") / "data.log"


@pytest.fixture(scope="module")
def url(log: Path, stub: HeldStub) -> Iterator[str]:
    with running(log.with_suffix(""), stub, "--log-level", "debug") as url:
        _use(url, "a")
        yield url


def _use(url: str, name: str) -> None:
    """Does what users do, and what strangers do, with names that nothing else has."""
    client = OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
    store = client.vector_stores.create(name=f"store {name}", metadata={"name": name})
    for text in (f"It closes at nine, {name}.".encode(), b"%PDF-1.7 broken"):
        file = client.files.create(file=(f"{name}.pdf", text), purpose="assistants")
        client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id, poll_interval_ms=50)
    client.vector_stores.search(store.id, query=f"When does {name} close?")
    httpx.get(f"{url}/{name}")
    httpx.request("BREW", f"{url}/v1/{name}", headers={"x-on-behalf-of": name})


def _read(url: str) -> dict[str, Metric]:
    answer = httpx.get(f"{url}/metrics", headers={"accept": "text/plain;version=0.0.4"}).raise_for_status()
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {metric.name: metric for metric in text_string_to_metric_families(answer.text)}


def _series(metrics: dict[str, Metric]) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    return {(sample.name, tuple(sample.labels.items())) for metric in metrics.values() for sample in metric.samples}


def _value(metrics: dict[str, Metric], metric: str, **labels: str) -> float:
    return sum(
        sample.value
        for sample in metrics[metric].samples
        if labels.items() <= sample.labels.items() and not sample.name.endswith(("_bucket", "_sum"))
    )


@long_locally
def test_what_happened(url: str) -> None:
    """Requests, files and embedding are counted; each metric has a description, and each label is known."""
    metrics = eventually(
        lambda: _read(url),
        lambda read: (
            bool(_value(read, "vectorlog_files", outcome="failed"))
            and bool(_value(read, "vectorlog_files", outcome="completed"))
        ),
    )
    assert _value(metrics, "vectorlog_requests", route="searchVectorStore", status="200") >= 1
    assert _value(metrics, "vectorlog_request_seconds", route="searchVectorStore") >= 1
    assert _value(metrics, "vectorlog_files", outcome="failed", code="invalid_file") >= 1
    assert _value(metrics, "vectorlog_embedding_tokens", purpose="documents") > 0
    assert _value(metrics, "vectorlog_embedding_seconds", purpose="query") >= 1
    assert _value(metrics, "vectorlog_disk_free_bytes") > 0
    assert all(metric.documentation for name, metric in metrics.items())
    assert {name for metric in metrics.values() for each in metric.samples for name in each.labels} <= LABELS | {"le"}


def test_bounded(url: str) -> None:
    """The number of series does not grow with stores, files, users or paths, and no label has an id."""
    before = _read(url)
    for name in ("b", "c"):
        _use(url, name)
    after = _read(url)
    assert _series(after) - _series(before) <= {
        (f"vectorlog_requests_{kind}", (("route", "other"), ("status", status)))
        for kind in ("total", "created")
        for status in ("200", "404", "405")
    }
    assert not IDS.search(httpx.get(f"{url}/metrics").text)


def test_cheap(url: str) -> None:
    """What is read of the databases counts for five seconds, so scrapes in a row differ in counters only."""
    first, second = (_read(url)["vectorlog_database_bytes"].samples for _ in range(2))
    assert first == second


def test_dashboard(url: str) -> None:
    """Every metric, label and route that the dashboard asks for is there, and its file is what the tool writes."""
    assert dashboard.FILE.read_text() == dashboard.text(), "run: python -m tools.dashboard --write"
    metrics = _read(url)
    names = {sample.name for metric in metrics.values() for sample in metric.samples} | {
        f"{metric.name}_total" for metric in metrics.values() if metric.type == "counter"
    }
    queries = [
        target["expr"] for panel in json.loads(dashboard.text())["panels"] for target in panel.get("targets", [])
    ]
    assert len(queries) > 25
    for query in queries:
        asked = set(re.findall(r"\b(?:vectorlog|process)_\w+", query))
        assert asked, query
        assert asked <= names, query
        assert set(re.findall(r"(\w+)\(", query)) <= PROMQL, query
        for labels in re.findall(r"by \(([^)]*)\)", query):
            assert set(re.split(r",\s*", labels)) <= LABELS | {"le"}, query


def test_request_ids(url: str, log: Path) -> None:
    """Every line that a request or its work causes has the id that the client received, at `--log-level debug` too."""
    answer = httpx.post(f"{url}/v1/vector_stores", json={"name": "x"}).raise_for_status()

    def lines() -> list[dict[str, str]]:
        return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]

    found = eventually(lines, lambda all: any(each.get("path") == "/v1/vector_stores" for each in all))
    assert any(each.get("request_id") == answer.headers["x-request-id"] for each in found)
    about = [each for each in found if "path" in each or each.get("event") == "file_failed"]
    assert about
    assert all(each["request_id"].startswith("req_") for each in about)


def test_described(url: str) -> None:
    """docs/monitoring.md lists every metric with its labels, and no other."""
    page = (Path(__file__).parents[2] / "docs" / "monitoring.md").read_text()
    rows = re.findall(r"^\| `(vectorlog_\w+)` \|([^|]*)\|", page, re.MULTILINE)
    listed = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
    metrics = _read(url)
    served = {name for name in metrics if name.startswith("vectorlog_")}
    assert {name.removesuffix("_total") for name in listed} == served
    for name, labels in listed.items():
        metric = metrics[name.removesuffix("_total")]
        assert name.endswith("_total") == (metric.type == "counter"), name
        for sample in metric.samples:
            assert set(sample.labels) - {"le"} == labels, name
