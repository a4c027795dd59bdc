"""What a chunk is shown and searched with, and the warnings of a file, after a move and in a new index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.operations.transfer.answers import unwatched
from tests.operations.transfer.moves import assert_clean, brought, written
from tests.support import pump
from tests.support.bench import PROJECT, Bench
from tests.support.stubs import StubReader
from vectorlog.domain.file_warning import FileWarning
from vectorlog.domain.vectors import Frame
from vectorlog.index.chunk_index import Query
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.ingest.document import Document, GiveWay, never
from vectorlog.operations.rebuild_index import Refill
from vectorlog.use_cases import search, store_files

WARNING = FileWarning("damaged", "The second half could not be read.", "page 2")
FRAME = Frame("Depot \u203a Rules\n\n", "\n```", "travel-policy.txt\ntravel policy")


class LeadingIn(StubReader):
    """A reader whose chunks have a lead-in and an end, and whose files have a warning."""

    def read(
        self,
        path: Path,
        filename: str,
        max_tokens: int,
        overlap: int,
        give_way: GiveWay = never,
        *,
        by_windows: bool = False,
    ) -> Document:
        document = super().read(path, filename, max_tokens, overlap, give_way, by_windows=by_windows)
        spans = tuple(replace(span, before=FRAME.before, after=FRAME.after) for span in document.spans)
        return replace(document, spans=spans, warnings=(WARNING,))


@pytest.fixture
def source(make: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch) -> tuple[Bench, str, str]:
    """A deployment, and the ids of a store and of its one file, which was read with lead-ins."""
    monkeypatch.setattr(pump, "StubReader", LeadingIn)
    bench = make("source")
    store, file = bench.store(), bench.upload("alpha one", name="travel-policy.txt")
    bench.attach(store, file)
    bench.pump.settle()
    return bench, store, file


def test_moved(source: tuple[Bench, str, str], make: Callable[..., Bench], tmp_path: Path) -> None:
    """An imported file is shown with its lead-in, found by its name, and has its warnings."""
    bench, store, file = source
    target = make("target")
    written(bench, tmp_path / "export")
    target.clock.now = bench.clock.now
    brought(tmp_path / "export", target)
    assert_clean(target)
    assert store_files.get(target.deployment, PROJECT, store, file).state.warnings == (WARNING,)
    for query in ("alpha", "travel policy"):
        asked = search.Search((query,), limit=5)
        [result] = search.search(target.deployment, PROJECT, store, asked).results
        assert result.text == f"{FRAME.before}alpha one{FRAME.after}"


def test_index_rebuilt(source: tuple[Bench, str, str], tmp_path: Path) -> None:
    """A new index has the frames of the artefacts, and finds a file by the words of its name."""
    bench, store, _ = source
    into = LocalIndex(tmp_path / "new")
    Refill(bench.deployment.streams, bench.blobs, into).fill(unwatched)
    [found] = into.search(bench.space, [Query(store, None, "travel policy", 5)])
    assert [hit.text for hit in found.by_text] == [f"{FRAME.before}alpha one{FRAME.after}"]
    into.close()
