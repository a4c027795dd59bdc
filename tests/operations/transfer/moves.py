"""Exports and imports between deployments of a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tests.operations.transfer.answers import unwatched
from tests.support.bench import Bench, StubEmbedder
from tests.support.stubs import DIMENSIONS
from vectorlog.domain.vectors import Space, Vector
from vectorlog.operations.progress import Watch
from vectorlog.operations.transfer import archive
from vectorlog.operations.transfer.contents import Contents
from vectorlog.operations.transfer.export import export
from vectorlog.operations.transfer.importing import Target, import_into
from vectorlog.operations.transfer.report import ImportReport
from vectorlog.operations.verify import UnderWay, verify

T = TypeVar("T")

OTHER = Space("other:words", DIMENSIONS)


class Counting(StubEmbedder):
    """Counts the embedded texts."""

    texts = 0

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        Counting.texts += len(texts)
        return super().documents(texts)


def written(bench: Bench, path: Path, meanwhile: Callable[[], object] = lambda: None) -> Contents:
    """Exports a deployment; `meanwhile` happens between its commits and its objects."""

    def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        if label == "objects":
            meanwhile()
        yield from items

    with archive.writing(path) as sink:
        return export(bench.deployment, sink, watch)


def brought(path: Path, bench: Bench, *, workers_running: bool = False, instead: Space | None = None) -> ImportReport:
    with archive.reading(path) as source:
        watch = workers(bench) if workers_running else unwatched
        return import_into(source, Target(bench.deployment, bench.pump.projector, workers_running, instead), watch)[1]


def workers(bench: Bench) -> Watch:
    """Lets the target's workers run at every item of the import, as they do on AWS."""

    def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        for item in items:
            yield item
            bench.pump.project(3)
            bench.pump.work_one()
            bench.pump.ingest_some()
            bench.pump.sweep()

    return watch


def in_order_of_streams(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes a log's scan like DynamoDB's: a stream's commits by version, whenever each was appended."""
    scan = bench.log.scan
    monkeypatch.setattr(
        bench.log,
        "scan",
        lambda *section: iter(sorted(scan(*section), key=lambda commit: (commit.stream, commit.version))),
    )


def assert_clean(bench: Bench) -> None:
    bench.pump.settle()
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert not report.differing + report.pending, report
