"""File batches: created, reached, cancelled, and what happens to their files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, keyed
from vectorlog.domain.errors import KeyReused, NotFound, Unavailable
from vectorlog.domain.manifest import BatchItem
from vectorlog.use_cases import file_batches, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.counts import Counts


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Bench]:
    """A deployment that leaves every fan-out to workers."""
    made = Bench(tmp_path, inline_files=0)
    yield made
    made.close()


def counts(bench: Bench, store: str, batch: str) -> Counts:
    return file_batches.get(bench.deployment, PROJECT, store, batch).counts


class TestCreate:
    def test_seen_before_it_is_reached(self, slow: Bench) -> None:
        """Right after the answer every file is visible with its name: in counts, in lists, by GET."""
        store, files = slow.store(), [slow.upload(f"alpha {number}", name=f"{number}.txt") for number in range(3)]
        batch = slow.batch(store, files)
        assert batch.counts.in_progress == 3
        assert vector_stores.get(slow.deployment, PROJECT, store).counts.in_progress == 3
        listed = store_files.list_page(slow.deployment, PROJECT, store, PageRequest(order="asc"), "in_progress").items
        assert [(view.file, view.state.filename) for view in listed] == [
            (file, f"{place}.txt") for place, file in enumerate(files)
        ]
        of_batch = file_batches.list_files(
            slow.deployment, PROJECT, store, batch.id, PageRequest(order="asc"), None
        ).items
        assert of_batch == listed
        assert slow.status(store, files[2]) == "in_progress"
        slow.pump.settle()
        assert counts(slow, store, batch.id) == Counts(completed=3)

    def test_asked_for_again(self, slow: Bench) -> None:
        """A create that is repeated under its key after some work reports the progress: of a batch, and of a store."""
        store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(3)]
        listed = [BatchItem(file) for file in files]

        def ask() -> tuple[Counts, Counts]:
            batch = file_batches.create(slow.deployment, keyed("b", ""), store, listed, "file_ids")
            made = vector_stores.create(slow.deployment, keyed("s", ""), CreateStore(files=tuple(listed)))
            return batch.counts, made.counts

        assert ask() == (Counts(in_progress=3, unreached=3), Counts(in_progress=3, unreached=3, pending=3))
        slow.pump.settle()
        batch, made = ask()
        assert (batch.completed, made.completed) == (3, 3)

    def test_large(self, tmp_path: Path) -> None:
        """A batch too large for its event: its manifest is an object, all of its files end, and its store leaves
        nothing behind.
        """
        bench = Bench(tmp_path, index=DictIndex())
        store, files = bench.store(), [bench.upload(f"alpha {number}") for number in range(120)]
        listed = [BatchItem(file, {"noise": f"{bench.random.getrandbits(1000):x}"}) for file in files]
        batch = file_batches.create(bench.deployment, PROJECT, store, listed, "files")
        assert batch.state.object
        bench.pump.settle()
        assert counts(bench, store, batch.id) == Counts(completed=120)
        vector_stores.delete(bench.deployment, PROJECT, store)
        bench.pump.settle()
        assert not [key for key in bench.blobs.list("") if not key.startswith("files/")]

    def test_missing_file(self, bench: Bench) -> None:
        """One missing file refuses the whole batch, and is named."""
        store, file = bench.store(), bench.upload("alpha")
        with pytest.raises(NotFound, match="file-nothing"):
            bench.batch(store, [file, "file-nothing"])
        assert vector_stores.get(bench.deployment, PROJECT, store).counts.total == 0

    def test_same_key(self, bench: Bench) -> None:
        """A repeat under its key is the same batch, even if a file was deleted since; another body is refused and
        changes nothing of what the first one named.
        """
        store, files = bench.store(), [bench.upload(f"alpha {number}") for number in range(3)]
        noise = f"{bench.random.getrandbits(100_000):x}"
        large = [BatchItem(file, {"noise": noise}) for file in files]
        first = file_batches.create(bench.deployment, keyed("k", "one"), store, large, "files")
        uploaded_files.delete(bench.deployment, PROJECT, files[0])
        again = file_batches.create(bench.deployment, keyed("k", "one"), store, large, "files")
        assert (again.id, again.state) == (first.id, first.state)
        with pytest.raises(KeyReused):
            file_batches.create(
                bench.deployment, keyed("k", "two"), store, [BatchItem(files[1], {"noise": noise[::-1]})], "files"
            )
        bench.pump.settle()
        assert counts(bench, store, first.id) == Counts(completed=2, failed=1)

    def test_duplicates_of_each_other(self, slow: Bench) -> None:
        """With skip_duplicates one file of each content is indexed, however far apart they are listed."""
        store = slow.store()
        files = [slow.upload(f"alpha {number % 105}") for number in range(110)]
        batch = slow.batch(store, files, skip=True)
        slow.pump.settle()
        assert counts(slow, store, batch.id) == Counts(completed=105, cancelled=5)


class TestCancel:
    def test_before_it_is_reached(self, slow: Bench) -> None:
        """Nothing that was cancelled turns up completed; the store's total counts it as cancelled."""
        store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(3)]
        batch = slow.batch(store, files).id
        assert file_batches.cancel(slow.deployment, PROJECT, store, batch).status == "cancelled"
        slow.pump.settle()
        assert counts(slow, store, batch) == Counts(cancelled=3)
        assert vector_stores.get(slow.deployment, PROJECT, store).counts == Counts(cancelled=3)
        assert slow.find(store, "alpha") == []

    def test_while_it_is_ingested(self, bench: Bench) -> None:
        """Completed files stay, others are cancelled; together they are the batch."""
        store, files = bench.store(), [bench.upload(f"alpha {number}") for number in range(4)]
        batch = bench.batch(store, files).id
        bench.pump.project()
        bench.pump.ingest_some(2)
        bench.pump.project()
        view = file_batches.cancel(bench.deployment, PROJECT, store, batch)
        assert view.status == "cancelled"
        bench.pump.settle()
        assert counts(bench, store, batch) == Counts(completed=2, cancelled=2)
        assert len(bench.find(store, "alpha")) == 2

    def test_after_the_end(self, bench: Bench) -> None:
        """Cancelling a finished batch changes nothing."""
        store, file = bench.store(), bench.upload("alpha")
        batch = bench.batch(store, [file]).id
        bench.pump.settle()
        assert file_batches.cancel(bench.deployment, PROJECT, store, batch).status == "completed"

    def test_one_of_two_batches(self, slow: Bench) -> None:
        """A file in two batches is ingested for the one that was not cancelled."""
        store, file = slow.store(), slow.upload("alpha")
        kept, dropped = slow.batch(store, [file]).id, slow.batch(store, [file]).id
        file_batches.cancel(slow.deployment, PROJECT, store, dropped)
        slow.pump.settle()
        assert counts(slow, store, kept) == Counts(completed=1)
        assert counts(slow, store, dropped) == Counts(cancelled=1)
        assert vector_stores.get(slow.deployment, PROJECT, store).counts.completed == 1

    def test_of_what_serves(self, bench: Bench) -> None:
        """A cancelled batch that would have ingested a file again leaves what served before."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, n=1)
        bench.pump.settle()
        batch = bench.batch(store, [file], n=2).id
        file_batches.cancel(bench.deployment, PROJECT, store, batch)
        bench.pump.settle()
        state = store_files.get(bench.deployment, PROJECT, store, file).state
        assert (state.status, state.attributes) == ("completed", {"n": 1})
        assert bench.find(store, "alpha") == [file]


class TestNewerCommands:
    def test_detached_before_it_is_reached(self, slow: Bench) -> None:
        """A file that is detached while its batch is open is gone immediately and for good; the others continue."""
        store, one, two = slow.store(), slow.upload("alpha"), slow.upload("beta")
        batch = slow.batch(store, [one, two]).id
        store_files.detach(slow.deployment, PROJECT, store, one)
        with pytest.raises(NotFound):
            store_files.get(slow.deployment, PROJECT, store, one)
        listed = store_files.list_page(slow.deployment, PROJECT, store, PageRequest(), None).items
        assert [view.file for view in listed] == [two]
        slow.pump.settle()
        assert counts(slow, store, batch) == Counts(completed=1, cancelled=1)

    def test_file_deleted_before_it_is_reached(self, slow: Bench) -> None:
        """A deleted file is in no store: not in those that it was in, and not in those that a batch would put it in."""
        stores = [slow.store() for _ in range(3)]
        waits, file = slow.store(), slow.upload("alpha")
        for store in stores:
            slow.attach(store, file)
        slow.pump.settle()
        batch = slow.batch(waits, [file]).id
        uploaded_files.delete(slow.deployment, PROJECT, file)
        for store in [*stores, waits]:
            assert slow.find(store, "alpha") == []
            assert store_files.list_page(slow.deployment, PROJECT, store, PageRequest(), None).items == ()
        slow.pump.settle()
        assert counts(slow, waits, batch) == Counts(failed=1)
        assert all(vector_stores.get(slow.deployment, PROJECT, store).counts == Counts() for store in [*stores, waits])
        assert not list(slow.blobs.list(""))

    def test_store_deleted_in_mid_batch(self, slow: Bench) -> None:
        """Deleting a store in the middle of a batch leaves nothing of it, and no endless work."""
        store, files = slow.store(), [slow.upload(f"alpha {number}") for number in range(120)]
        slow.batch(store, files)
        slow.pump.project()
        slow.pump.work_one()
        slow.pump.project(20)
        slow.pump.ingest_some()
        vector_stores.delete(slow.deployment, PROJECT, store)
        slow.pump.settle()
        slow.clock.advance(DAY_MS)
        slow.pump.settle()
        assert slow.index.count(slow.space, store) == {}
        assert not list(slow.blobs.list("artefacts/"))
        assert slow.pump.work.depth() == slow.pump.embed.depth() == 0
        uploaded_files.delete(slow.deployment, PROJECT, files[0])


def test_open_batch_is_swept_once_an_hour(slow: Bench) -> None:
    """A batch that is open after a day is fanned out again, not once per sweep."""
    store, file = slow.store(), slow.upload("alpha")
    batch = slow.batch(store, [file]).id
    slow.clock.advance(DAY_MS)
    assert slow.pump.sweep() == 1
    assert slow.pump.sweep() == 0
    slow.pump.work_one()
    slow.pump.settle()
    assert counts(slow, store, batch) == Counts(completed=1)


def test_while_its_beginning_is_imported(slow: Bench, tmp_path: Path) -> None:
    """An import beside workers appends the end of a stream first: until its beginning exists too, the answer is to
    retry.
    """
    store, file = slow.store(), slow.upload("alpha")
    batch = slow.batch(store, [file]).id
    file_batches.cancel(slow.deployment, PROJECT, store, batch)
    commits = list(slow.log.scan())
    (tmp_path / "target").mkdir()
    with closing(Bench(tmp_path / "target", index=DictIndex(), inline_files=0)) as target:
        target.log.append(list(slow.log.load_many([commit.stream for commit in commits]).values()))
        with pytest.raises(Unavailable, match="being imported"):
            file_batches.list_files(target.deployment, PROJECT, store, batch, PageRequest(), None)
        target.log.append([commit for commit in commits if commit.version == 0])
        assert len(file_batches.list_files(target.deployment, PROJECT, store, batch, PageRequest(), None).items) == 1
