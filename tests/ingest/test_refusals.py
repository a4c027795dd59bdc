"""What a worker makes of a provider that refuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.edition import Bench
from tests.stubs import Inline, StubReader
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.ingest.worker import Worker
from vectorlog.work.messages import Ingest


class _Refusing:
    """Models whose only embedder refuses everything."""

    def embedder(self, _: Any) -> _Refusing:
        return self

    def documents(self, texts: Sequence[str]) -> Any:
        raise EmbeddingError(f"no room for {len(texts)}")


@pytest.mark.parametrize("before", [0, 3])
def test_refusals_are_counted(bench: Bench, before: int) -> None:
    """A file that waits for its provider says how often it was refused, so that each wait is longer than the last."""
    store, file = bench.store(), bench.upload("text")
    bench.attach(store, file)
    edition = replace(bench.edition, models=_Refusing())  # type: ignore[arg-type]  # the part of Models that a worker uses
    worker = Worker(edition, StubReader(), Inline())
    [later] = worker.ingest([Ingest(store, file, 1, refusals=before)])
    assert (later.message.refusals, later.delay, bench.status(store, file)) == (before + 1, None, "in_progress")
