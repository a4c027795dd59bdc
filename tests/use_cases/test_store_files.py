"""Files in a store: attach, join, ingest again, change, detach, list."""

from __future__ import annotations

from typing import Literal
from unittest.mock import Mock

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, StubEmbedder, keyed
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import DuplicateContent, Expired, Invalid, KeyReused, NotFound
from vectorlog.domain.filters import Comparison
from vectorlog.domain.ids import store_file_stream
from vectorlog.event_log.codec import UPLOADED_FILE
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.provenance import Origin, origin_of
from vectorlog.use_cases import file_batches, indexed_text, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile


def counts(bench: Bench, store: str) -> tuple[int, int, int, int]:
    found = vector_stores.get(bench.deployment, PROJECT, store).counts
    return found.in_progress, found.completed, found.failed, found.cancelled


def listed(bench: Bench, store: str) -> list[str]:
    page = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(), None)
    return [view.file for view in page.items]


class TestAttach:
    def test_ends_completed_and_is_found(self, bench: Bench) -> None:
        """`completed` means that a search finds it, even before any row says so."""
        store, file = bench.store(), bench.upload("alpha beta")
        assert bench.attach(store, file, k=1).state.status == "in_progress"
        bench.pump.project()
        bench.pump.ingest_some()
        assert bench.status(store, file) == "completed"
        assert bench.find(store, "alpha") == [file]

    def test_many_times_is_once(self, bench: Bench) -> None:
        """However often the same file is attached, it counts once."""
        store, file = bench.store(), bench.upload("alpha")
        for _ in range(16):
            bench.attach(store, file)
        assert counts(bench, store) == (1, 0, 0, 0)
        bench.pump.settle()
        assert counts(bench, store) == (0, 1, 0, 0)
        assert bench.index.count(bench.space, store) == {(file, 1): 1}

    @pytest.mark.parametrize(("text", "code"), [("damaged", "invalid_file"), ("deadly", "invalid_file")])
    def test_failure_says_why(self, bench: Bench, text: str, code: str) -> None:
        """A file that cannot be read, or kills its reader, ends as failed with a code and a sentence."""
        store, file = bench.store(), bench.upload(text)
        bench.attach(store, file)
        bench.pump.settle()
        failure = store_files.get(bench.deployment, PROJECT, store, file).state.failure
        assert failure is not None
        assert failure.code == code
        with pytest.raises(Invalid, match="has no content"):
            indexed_text.read(bench.deployment, PROJECT, store, file)

    def test_throttled_only_waits(self, bench: Bench) -> None:
        """A provider that throttles delays a file and never fails it."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.project()
        StubEmbedder.throttled = True
        for _ in range(20):
            bench.pump.ingest_some()
            bench.clock.advance(1000)
        assert bench.status(store, file) == "in_progress"
        StubEmbedder.throttled = False
        bench.pump.settle()
        assert bench.status(store, file) == "completed"

    def test_open_after_a_day_fails(self, bench: Bench) -> None:
        """A file that is not ingested within a day ends as failed, once, and the sweep has nothing more to do."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.project()
        bench.clock.advance(DAY_MS)
        assert bench.pump.sweep() == 1
        assert bench.pump.sweep() == 0
        assert counts(bench, store) == (0, 0, 1, 0)

    def test_overdue_names_the_request_that_attached(self, bench: Bench) -> None:
        """A file that the sweep fails names the request that attached it, even if another one changed it later."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, Actor(PROJECT.caller, "req_attach"))
        store_files.change_attributes(bench.deployment, Actor(PROJECT.caller, "req_change"), store, file, {"a": 1})
        bench.pump.project()
        bench.clock.advance(DAY_MS)
        assert bench.pump.sweep() == 1
        failed = bench.log.load(store_file_stream(store, file))
        assert failed is not None
        assert origin_of(failed.meta) == Origin("sweep", "req_attach", project="acme")

    def test_same_key_same_answer(self, bench: Bench) -> None:
        """A request repeated under its key changes nothing; another body under that key is refused."""
        store, file = bench.store(), bench.upload("alpha")
        command = AttachFile(file, {}, AUTO)
        store_files.attach(bench.deployment, keyed("k", "one"), store, command)
        bench.pump.settle()
        assert store_files.attach(bench.deployment, keyed("k", "one"), store, command).state.status == "completed"
        with pytest.raises(KeyReused):
            store_files.attach(bench.deployment, keyed("k", "two"), store, command)

    def test_serves_until_the_next_is_in(self, bench: Bench) -> None:
        """The old generation serves until the next one is ingested; then only that one is found, before any purge or
        row.
        """
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, n=1)
        bench.pump.settle()
        bench.attach(store, file, n=2)
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 1)) == [file]
        bench.pump.project()
        bench.pump.ingest_some()
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 1)) == []
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 2)) == [file]
        bench.pump.settle()
        assert bench.index.count(bench.space, store) == {(file, 2): 1}

    def test_more_batches_than_a_transaction_holds(self, bench: Bench) -> None:
        """However many batches wait for one file, all of them end."""
        store, file = bench.store(), bench.upload("alpha")
        made = [bench.batch(store, [file]).id for _ in range(70)]
        bench.pump.settle()
        ended = [file_batches.get(bench.deployment, PROJECT, store, batch).counts.completed for batch in made]
        assert ended == [1] * 70
        assert counts(bench, store) == (0, 1, 0, 0)

    def test_missing_bytes_fail_one_file(self, bench: Bench) -> None:
        """Lost bytes fail their own file with a sentence, and no other one."""
        store, lost, good = bench.store(), bench.upload("alpha"), bench.upload("beta")
        bench.attach(store, lost)
        bench.attach(store, good)
        bench.blobs.delete(list(bench.blobs.list(f"files/{lost}/")))
        bench.pump.settle()
        assert (bench.status(store, lost), bench.status(store, good)) == ("failed", "completed")


class TestLateFeed:
    @pytest.mark.parametrize("late", [0, 3_600_000])
    def test_what_a_get_says_is_listed(self, bench: Bench, late: int) -> None:
        """A file that a GET shows as completed is completed in lists and counts, even if the feed is an hour late."""
        store, file = bench.store(), bench.upload("alpha")
        batch = bench.batch(store, [file]).id
        bench.pump.project()
        bench.pump.ingest_some()
        bench.clock.advance(late)
        assert bench.status(store, file) == "completed"
        page = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(), "completed")
        assert [view.file for view in page.items] == [file]
        assert counts(bench, store) == (0, 1, 0, 0)
        assert file_batches.get(bench.deployment, PROJECT, store, batch).counts.completed == 1


class TestChange:
    def test_right_at_once(self, bench: Bench) -> None:
        """Changed attributes hold in the next search, whatever the index still says; the index follows later."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, n=1)
        bench.pump.settle()
        store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": 2})
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 1)) == []
        bench.pump.settle()
        assert bench.find(store, "alpha", filter=Comparison("eq", "n", 2)) == [file]


class TestDetach:
    def test_gone_at_once(self, bench: Bench) -> None:
        """A search after the answer finds nothing of it; GET and a second DELETE are 404; then nothing of it is
        left.
        """
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.settle()
        store_files.detach(bench.deployment, PROJECT, store, file)
        assert bench.find(store, "alpha") == []
        assert counts(bench, store) == (0, 0, 0, 0)
        for again in (store_files.get, store_files.detach):
            with pytest.raises(NotFound):
                again(bench.deployment, PROJECT, store, file)
        bench.pump.settle()
        assert bench.index.count(bench.space, store) == {}
        assert not list(bench.blobs.list("artefacts/"))

    def test_while_it_is_ingested(self, bench: Bench) -> None:
        """A file that is detached while it is ingested does not come back, and is cancelled in its batch."""
        store, file = bench.store(), bench.upload("alpha")
        batch = bench.batch(store, [file]).id
        bench.pump.project()
        store_files.detach(bench.deployment, PROJECT, store, file)
        bench.pump.settle()
        assert bench.find(store, "alpha") == []
        assert file_batches.get(bench.deployment, PROJECT, store, batch).counts.cancelled == 1
        assert file_batches.list_files(bench.deployment, PROJECT, store, batch, PageRequest(), None).items == ()

    def test_a_row_that_comes_after_the_deletion(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """The process that attaches a file dies after its commit. The file is deleted, and has left all stores that are
        known to have it, before the feed shows that this one has it too: no list shows it.
        """
        store, file = bench.store(), bench.upload("alpha")
        bench.pump.settle()
        with monkeypatch.context() as dying:
            dying.setattr(bench.deployment.views, "show", Mock(side_effect=SystemExit))
            with pytest.raises(SystemExit):
                bench.attach(store, file)
        uploaded_files.delete(bench.deployment, PROJECT, file)
        attached, deleted = (fed.commit for fed in bench.log.after(bench.pump.position, 2))
        bench.pump.projector.handle([deleted])
        while bench.pump.work_one():
            pass
        bench.pump.projector.handle([attached])
        assert listed(bench, store) == []
        bench.pump.settle()
        assert listed(bench, store) == []
        assert counts(bench, store) == (0, 0, 0, 0)

    def test_attached_again_is_deleted_with_its_file(self, bench: Bench) -> None:
        """A file that was detached and attached again is known to be there, in whatever order the rows were written."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.settle()
        store_files.detach(bench.deployment, PROJECT, store, file)
        bench.attach(store, file)
        detached = [commit for commit in bench.log.scan() if "FileDetached" in commit.events]
        bench.pump.projector.handle(detached)
        uploaded_files.delete(bench.deployment, PROJECT, file)
        with pytest.raises(NotFound):
            store_files.get(bench.deployment, PROJECT, store, file)


class TestDuplicates:
    def test_skipped(self, bench: Bench) -> None:
        """The later file is listed as cancelled, with the holder's name; bytes that left the store block nothing."""
        store, one, two = bench.store(), bench.upload("alpha"), bench.upload("alpha")
        bench.attach(store, one)
        skipped = store_files.attach(
            bench.deployment, PROJECT, store, AttachFile(two, {}, AUTO, skip_duplicates=True)
        ).state
        assert skipped.status == "cancelled"
        assert skipped.failure is not None
        assert one in skipped.failure.message
        store_files.detach(bench.deployment, PROJECT, store, two)
        store_files.detach(bench.deployment, PROJECT, store, one)
        command = AttachFile(two, {}, AUTO, skip_duplicates=True)
        assert store_files.attach(bench.deployment, PROJECT, store, command).state.status == "in_progress"

    def test_refused(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """A deployment may refuse the same bytes twice; the same file again is not its own duplicate."""
        bench = Bench(tmp_path_factory.mktemp("refuse"), duplicate_content="refuse")
        store, one, two = bench.store(), bench.upload("alpha"), bench.upload("alpha")
        bench.attach(store, one)
        bench.attach(store, one)
        with pytest.raises(DuplicateContent, match=one):
            bench.attach(store, two)
        bench.close()


class TestExpiry:
    def test_store(self, bench: Bench) -> None:
        """An expired store can be shown and deleted, and refuses the rest; files in progress end."""
        store, file = bench.store(expires_after_days=1), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.project()
        bench.clock.advance(DAY_MS)
        with pytest.raises(Expired):
            bench.find(store, "alpha")
        assert bench.pump.sweep() >= 1
        bench.pump.settle()
        assert vector_stores.get(bench.deployment, PROJECT, store).expired
        assert counts(bench, store)[0] == 0
        assert bench.pump.sweep() == 0
        vector_stores.delete(bench.deployment, PROJECT, store)

    def test_file(self, bench: Bench) -> None:
        """An expired file is no longer found, even before a sweep; the sweep removes it and its bytes."""
        store, file = bench.store(), bench.upload("alpha", expires_after_s=3600)
        bench.attach(store, file)
        bench.pump.settle()
        bench.clock.advance(3_600_000)
        assert bench.find(store, "alpha") == []
        assert bench.pump.sweep() == 1
        bench.pump.settle()
        assert counts(bench, store) == (0, 0, 0, 0)
        assert not list(bench.blobs.list("files/"))

    def test_unreadable_one_holds_up_nobody(self, bench: Bench) -> None:
        """A thing that the sweep cannot end, because newer code wrote it, does not block those after it."""
        newer, file = bench.upload("alpha", expires_after_s=3600), bench.upload("beta", expires_after_s=7200)
        bench.log.append([Commit(newer, 1, "newer", "[]", '{"v":99,"keys":[],"data":{}}', bench.clock(), "{}")])
        bench.clock.advance(7_200_000)
        assert bench.pump.sweep() == 1
        assert bench.deployment.streams.load(UPLOADED_FILE, file).state.deleted


class TestList:
    @pytest.mark.parametrize("inline_files", [0, 100])
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 20])
    def test_visits_every_item_once(
        self, tmp_path_factory: pytest.TempPathFactory, inline_files: int, limit: int
    ) -> None:
        """Any limit, both orders, even while batches are unreached and the cursor's item is gone."""
        bench = Bench(tmp_path_factory.mktemp("list"), inline_files=inline_files)
        store, files = bench.store(), [bench.upload(f"alpha {number}") for number in range(7)]
        bench.attach(store, files[2])
        bench.batch(store, files[:4])
        bench.batch(store, files[3:])

        def walk(order: Literal["asc", "desc"]) -> list[str]:
            found: list[str] = []
            more = True
            while more:
                request = PageRequest(limit, order, found[-1] if found else None)
                page = store_files.list_page(bench.deployment, PROJECT, store, request, None)
                found += [view.file for view in page.items]
                more = page.has_more
            return found

        upward = walk("asc")
        assert sorted(upward) == sorted(files)
        assert walk("desc") == upward[::-1]
        last = PageRequest(20, "asc", before=upward[-1])
        assert [
            view.file for view in store_files.list_page(bench.deployment, PROJECT, store, last, None).items
        ] == upward[:-1]
        bench.pump.settle()
        assert walk("asc") == upward
        store_files.detach(bench.deployment, PROJECT, store, upward[3])
        behind = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(20, "asc", upward[3]), None)
        assert [view.file for view in behind.items] == upward[4:]
        with pytest.raises(Invalid, match="was ever in this list"):
            store_files.list_page(bench.deployment, PROJECT, store, PageRequest(after="file-never"), None)
        bench.close()

    def test_status(self, bench: Bench) -> None:
        """A list by status holds exactly the files with that status."""
        store, good, bad = bench.store(), bench.upload("alpha"), bench.upload("damaged")
        bench.batch(store, [good, bad])
        bench.pump.settle()
        for status, expected in (("completed", [good]), ("failed", [bad]), ("in_progress", []), ("cancelled", [])):
            page = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(), status)
            assert [view.file for view in page.items] == expected
