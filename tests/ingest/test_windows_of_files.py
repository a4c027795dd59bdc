"""Files of a model that embeds by windows: what is embedded, and that everything is found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench
from tests.support.stubs import DIMENSIONS, Inline, StubEmbedder
from vectorlog.domain.vectors import Space, Vector
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.files import artefact
from vectorlog.ingest.child import read
from vectorlog.ingest.document import Document, GiveWay, never
from vectorlog.ingest.ingester import Ingester
from vectorlog.use_cases import search
from vectorlog.work.messages import Ingest

BOOK = "".join(f"Rule {rule}: pump {rule} of the hall is repaired by team {rule % 7}.\n\n" for rule in range(400))


class Counting(StubEmbedder):
    """Keeps the texts that it was given."""

    def __init__(self, space: Space, given: list[str]) -> None:
        super().__init__(space)
        self._given = given

    def documents(self, texts: Sequence[str]) -> list[tuple[Vector, ...]]:
        self._given.extend(texts)
        return super().documents(texts)


class ChildReader:
    """Reads as the readers' processes do, in this one."""

    def __init__(self) -> None:
        self.documents: list[Document] = []

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
        self.documents.append(read(path, filename, max_tokens, overlap, by_windows))
        return self.documents[-1]


@pytest.fixture
def given() -> list[str]:
    return []


@pytest.fixture
def bench(tmp_path: Path, given: list[str]) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    offer = Offer("stub", "words", DIMENSIONS, False, lambda space: Counting(space, given), together=1, by_windows=True)
    bench.deployment = replace(bench.deployment, models=Models([offer]))
    yield bench
    bench.close()


def ingest(bench: Bench, text: str, reader: ChildReader | None = None) -> tuple[str, str]:
    """Attaches a file and ingests it; returns its store and its id."""
    store, file = bench.store(), bench.upload(text)
    bench.attach(store, file)
    bench.pump.project()
    ingester = Ingester(bench.deployment, reader or ChildReader(), Inline())
    ingester.ingest([Ingest(store, file, 1, project=PROJECT.caller.project)])
    assert bench.status(store, file) == "completed"
    return store, file


def test_what_chunks_share_is_embedded_once(bench: Bench, given: list[str]) -> None:
    """Every window costs one embedding, across the calls and parts of a file, and is kept once."""
    store, file = ingest(bench, BOOK)
    assert len(given) == len(set(given))
    assert sum(map(len, given)) <= len(BOOK)
    chunks = [chunk for part in artefact.read_parts(bench.deployment.blobs, store, file, 1) for chunk in part]
    assert sum(len(chunk.vectors) for chunk in chunks) > 1.8 * len(given)
    stored = bench.deployment.blobs.read(f"{artefact.folder(store, file, 1)}{0:08d}").partition(b"\n")[2]
    assert len(stored) == 2 * DIMENSIONS * len(given)
    asked = search.Search(("team 3 repairs pump 101",), limit=3)
    assert any("Rule 101:" in hit.text for hit in search.search(bench.deployment, PROJECT, store, asked).results)


def test_equal_files_and_paragraphs_cost_nothing(bench: Bench, given: list[str]) -> None:
    """The same text in another store of the project, and equal paragraphs of a file, are not embedded again."""
    ingest(bench, BOOK)
    embedded = len(given)
    ingest(bench, BOOK)
    assert len(given) == embedded
    given.clear()
    ingest(bench, "The gasket is changed in May. " * 2_000)
    assert len(given) < 60


@pytest.mark.parametrize("by_windows", [False, True])
def test_windows_are_made_for_models_that_use_them(bench: Bench, given: list[str], by_windows: bool) -> None:
    """A reader spends no time on windows for a model that embeds whole chunks, such as one of an endpoint or of AWS."""
    offer = Offer("stub", "words", DIMENSIONS, False, lambda space: Counting(space, given), by_windows=by_windows)
    bench.deployment, reader = replace(bench.deployment, models=Models([offer])), ChildReader()
    ingest(bench, BOOK, reader)
    [document] = reader.documents
    assert bool(document.windows) == by_windows
    assert (len(given) > len(document.spans)) == by_windows
