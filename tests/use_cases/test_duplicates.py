"""The same content twice in a store: who holds it, and who is first."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import DuplicateContent
from vectorlog.event_log.codec import UPLOADED_FILE
from vectorlog.use_cases import file_batches, store_files
from vectorlog.use_cases.duplicates import CLAIM_MS
from vectorlog.use_cases.store_files import AttachFile, StoreFileView
from vectorlog.views.counts import Counts


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Bench]:
    """A deployment that accepts the same content only once in a store, and leaves every fan-out to workers."""
    made = Bench(tmp_path, index=DictIndex(), duplicate_content="refuse", inline_files=0)
    yield made
    made.close()


def skip(bench: Bench, store: str, file: str) -> StoreFileView:
    return store_files.attach(bench.deployment, PROJECT, store, AttachFile(file, {}, AUTO, skip_duplicates=True))


class TestHolder:
    def test_detached(self, bench: Bench) -> None:
        """Content that was detached is not a duplicate."""
        store, first, second = bench.store(), bench.upload("alpha"), bench.upload("alpha")
        bench.attach(store, first)
        bench.pump.settle()
        store_files.detach(bench.deployment, PROJECT, store, first)
        assert skip(bench, store, second).state.status == "in_progress"
        bench.pump.settle()
        assert bench.find(store, "alpha") == [second]

    def test_failed(self, bench: Bench) -> None:
        """Content that nothing serves, because the other file failed, is not a duplicate; nor is it before any row says
        that the file failed.
        """
        store, first, second = bench.store(), bench.upload("damaged"), bench.upload("damaged")
        bench.attach(store, first)
        bench.pump.project()
        bench.pump.ingest_some()
        assert skip(bench, store, second).state.status == "in_progress"
        bench.pump.settle()
        third = bench.upload("damaged")
        assert skip(bench, store, third).state.status == "in_progress"

    def test_cancelled(self, bench: Bench) -> None:
        """Content of a file that was cancelled is not a duplicate, nor that of another duplicate."""
        store, files = bench.store(), [bench.upload("alpha") for _ in range(3)]
        batch = bench.batch(store, files[:1]).id
        file_batches.cancel(bench.deployment, PROJECT, store, batch)
        assert skip(bench, store, files[1]).state.status == "in_progress"
        assert skip(bench, store, files[2]).state.status == "cancelled"
        store_files.detach(bench.deployment, PROJECT, store, files[1])
        assert skip(bench, store, files[0]).state.status == "in_progress"

    def test_serving_although_the_newest_ingest_failed(self, bench: Bench) -> None:
        """A file whose content serves holds it, whatever became of its newest ingest."""
        store, first, second = bench.store(), bench.upload("alpha"), bench.upload("alpha")
        bench.attach(store, first)
        bench.pump.settle()
        bench.attach(store, first, n=1)
        assert skip(bench, store, second).state.status == "cancelled"


class TestRefused:
    def test_one_after_the_other(self, strict: Bench) -> None:
        """The second file is refused while the first is there, and accepted once it is gone."""
        store, first, second = strict.store(), strict.upload("alpha"), strict.upload("alpha")
        strict.attach(store, first)
        with pytest.raises(DuplicateContent, match=first):
            strict.attach(store, second)
        store_files.detach(strict.deployment, PROJECT, store, first)
        assert strict.attach(store, second).state.status == "in_progress"

    def test_at_the_same_time(self, strict: Bench) -> None:
        """Of several attaches of the same content in parallel, exactly one is accepted."""
        for _ in range(10):
            store, files = strict.store(), [strict.upload("alpha") for _ in range(6)]

            def attach(file: str, store: str = store) -> bool:
                try:
                    store_files.attach(strict.deployment, PROJECT, store, AttachFile(file, {}, AUTO))
                except DuplicateContent:
                    return False
                return True

            with ThreadPoolExecutor(6) as pool:
                assert sum(pool.map(attach, files)) == 1

    def test_two_batches(self, strict: Bench) -> None:
        """Two batches of the same content, both accepted before either was fanned out, leave one copy in the store."""
        store, files = strict.store(), [strict.upload("alpha") for _ in range(2)]
        batches = [strict.batch(store, [file]).id for file in files]
        strict.pump.settle()
        found = [file_batches.get(strict.deployment, PROJECT, store, batch).counts for batch in batches]
        assert sorted(found, key=str) == [Counts(cancelled=1), Counts(completed=1)]
        cancelled = next(file for file in files if strict.status(store, file) == "cancelled")
        failure = store_files.get(strict.deployment, PROJECT, store, cancelled).state.failure
        assert failure is not None
        assert failure.code == "duplicate_file"

    def test_a_claim_whose_process_died_runs_out(self, strict: Bench) -> None:
        """A process that dies between its claim and its attach blocks the content for a minute, and not longer."""
        store, first, second = strict.store(), strict.upload("alpha"), strict.upload("alpha")
        sha256 = strict.deployment.streams.load(UPLOADED_FILE, first).state.sha256
        strict.deployment.views.claims().make(store, [(first, sha256)], strict.clock(), CLAIM_MS)
        with pytest.raises(DuplicateContent):
            strict.attach(store, second)
        strict.clock.advance(CLAIM_MS)
        assert strict.attach(store, second).state.status == "in_progress"
