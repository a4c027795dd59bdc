"""The report about an id: its status and the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from tests.support.bench import DAY_MS, Bench, DictIndex, StubEmbedder
from vectorlog.domain.tenancy import Caller
from vectorlog.operations.show.records import Shown
from vectorlog.operations.show.show import UnknownId, show
from vectorlog.operations.waiting import Waiting, WaitingMessage
from vectorlog.use_cases import api_keys, file_batches, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.actor import Actor
from vectorlog.work.sqlite import SQLiteQueue

ASKED = Actor(Caller("acme", None), "req_asked")


def waiting(bench: Bench, *, lent: bool = False) -> Callable[[], Waiting]:
    """The queues of a data folder, opened read-only."""
    queues: dict[str, SQLiteQueue] = {"work": bench.pump.work, "embed": bench.pump.embed}

    def look() -> Waiting:
        found = [
            WaitingMessage(name, body, receives, visible_at, lent=lent and receives > 0)
            for name, queue in queues.items()
            for body, receives, visible_at, _ in queue.peek()
        ]
        return Waiting({name: queue.depth() for name, queue in queues.items()}, tuple(found))

    return look


def shown(bench: Bench, id: str, *, lent: bool = False) -> Shown:
    return show(bench.deployment, waiting(bench, lent=lent), id)


@pytest.fixture
def failed(bench: Bench) -> tuple[Bench, str, str]:
    """A store with a file that could not be read."""
    store, file = bench.store(), bench.upload("damaged")
    bench.attach(store, file, ASKED)
    bench.pump.settle()
    return bench, store, file


class TestFile:
    def test_failed(self, failed: tuple[Bench, str, str]) -> None:
        """A file's id alone explains why it failed, in each store that it is in."""
        bench, store, file = failed
        other = bench.store()
        bench.attach(other, file)
        found = shown(bench, file)
        assert found.explanation[0] == f"{file} is 'a.txt', 7 bytes, in 2 stores."
        by_store = {store: next(each for each in found.explanation[1:] if store in each) for store in (store, other)}
        assert by_store[store].endswith("(invalid_file): The file is damaged. Save it again.")
        assert " failed at 20" in by_store[store]
        assert "has been in progress since" in by_store[other]
        assert {stream.id for stream in found.streams} == {file, f"{store}/{file}", f"{other}/{file}"}

    def test_time_of_the_failure(self, failed: tuple[Bench, str, str]) -> None:
        """The time is that of the failure, even if the file's attributes were changed later."""
        bench, store, file = failed
        [before] = [each for each in shown(bench, file).explanation if store in each]
        bench.clock.advance(DAY_MS)
        store_files.change_attributes(bench.deployment, ASKED, store, file, {"seen": True})
        assert before in shown(bench, file).explanation

    def test_history(self, failed: tuple[Bench, str, str]) -> None:
        """Each event is shown with its time in UTC, its author and its request; rows and state are shown too."""
        bench, store, file = failed
        [stream] = shown(bench, f"{store}/{file}").streams
        events = [(event["type"], each.actor, each.request) for each in stream.commits for event in each.events]
        assert events == [("FileAttached", "acme", "req_asked"), ("FileFailed", "ingest", "req_asked")]
        assert all(each.at.startswith("20") and each.at.endswith("Z") for each in stream.commits)
        assert stream.state["failure"] == {"code": "invalid_file", "message": "The file is damaged. Save it again."}
        assert {(row.pk, row.status) for row in stream.rows} >= {(f"VS#{store}", "failed")}

    def test_completed(self, bench: Bench) -> None:
        """For a file that serves, its bytes, artefact and chunks are reported."""
        store, file = bench.store(), bench.upload("alpha\nbeta")
        bench.attach(store, file)
        bench.pump.settle()
        found = shown(bench, file)
        assert found.explanation[1] == f"{file} in {store} is completed: generation 1 serves 2 chunks."
        assert [(each.store, each.generation, each.chunks) for each in found.chunks] == [(store, 1, 2)]
        folder = f"artefacts/{store}/{file}/00000001/"
        keys = {blob.key: blob.size for blob in found.blobs}
        assert keys[f"{folder}text"] == 10
        assert f"{folder}00000000" in keys
        assert [size for key, size in keys.items() if key.startswith(f"files/{file}/")] == [10]
        assert found.queues.messages == ()

    def test_waits(self, bench: Bench) -> None:
        """For a file whose provider is busy, the number of refusals and the time of the next try are reported."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file, ASKED)
        bench.pump.project()
        StubEmbedder.throttled = True
        bench.pump.ingest_some()
        found = shown(bench, f"{store}/{file}")
        [sentence] = found.explanation
        assert "a worker can take it from 20" in sentence
        assert "after 1 refusal by the provider. The sweep will fail it at 20" in sentence
        assert found.queues.messages is not None
        [message] = found.queues.messages
        assert (message.queue, message.kind, message.data["request"]) == ("embed", "Ingest", "req_asked")

    def test_worked_on(self, bench: Bench) -> None:
        """A file that a worker has right now."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.project()
        bench.pump.embed.receive(1, 7 * DAY_MS)
        assert "a worker has it." in shown(bench, f"{store}/{file}", lent=True).explanation[0]

    def test_stuck(self, bench: Bench) -> None:
        """A file that nothing works for is said to wait in vain, and until when."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        assert (
            "no message in the queue is for it. The sweep will fail it at 20"
            in shown(bench, f"{store}/{file}").explanation[0]
        )

    def test_hidden_queues(self, bench: Bench) -> None:
        """If a queue's messages cannot be read, the report says so and gives their number."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        found = show(bench.deployment, lambda: Waiting({"work": 0, "embed": 3}, None), f"{store}/{file}")
        assert "the embed queue holds 3 messages, and SQS does not show" in found.explanation[0]
        assert found.queues.messages is None
        assert any(note.startswith("SQS does not show messages") for note in found.notes)

    def test_deleted(self, failed: tuple[Bench, str, str]) -> None:
        """A deleted file is one, and has left its stores."""
        bench, store, file = failed
        uploaded_files.delete(bench.deployment, ASKED, file)
        assert shown(bench, file).explanation == (f"{file} was deleted.",)
        assert "was removed from the store at 20" in shown(bench, f"{store}/{file}").explanation[0]

    def test_still_serves(self, bench: Bench) -> None:
        """For a file whose new ingest failed, the report says what continues to serve."""
        store, file = bench.store(), bench.upload("alpha")
        bench.attach(store, file)
        bench.pump.settle()
        bench.attach(store, file, ASKED, changed=1)
        bench.clock.advance(DAY_MS + 1)
        bench.pump.sweep()
        [sentence] = shown(bench, f"{store}/{file}").explanation
        assert sentence.endswith("Attach it again to retry. Generation 1 still serves.")


class TestOthers:
    def test_store(self, failed: tuple[Bench, str, str]) -> None:
        """A store says how its files are, and explains those that failed."""
        bench, store, file = failed
        bench.attach(store, bench.upload("alpha"))
        bench.pump.settle()
        found = shown(bench, store)
        assert found.explanation[0] == f"{store} holds 2 files: 1 completed, 0 in progress, 1 failed, 0 cancelled."
        assert [each.split(" failed at ")[0] for each in found.explanation[1:]] == [f"{file} in {store}"]
        assert sum(each.chunks for each in found.chunks) == 1
        vector_stores.delete(bench.deployment, ASKED, store)
        assert shown(bench, store).explanation[0] == f"{store} is deleted."

    def test_batch(self, tmp_path: Any) -> None:
        """A batch says how far it is, and explains its files that did not come in."""
        bench = Bench(tmp_path, index=DictIndex(), inline_files=0)
        store, files = bench.store(), [bench.upload(text) for text in ("alpha", "damaged")]
        batch = bench.batch(store, files, ASKED).id
        found = shown(bench, batch)
        assert "2 of them are not attached yet" in found.explanation[0]
        assert (
            "is named by a batch whose work has not attached it yet"
            in (shown(bench, f"{store}/{files[0]}").explanation[0])
        )
        bench.pump.settle()
        found = shown(bench, batch)
        assert found.explanation[0] == (
            f"{batch} names 2 files for {store}: 1 completed, 0 in progress, 1 failed, 0 cancelled."
        )
        assert [files[1] in each for each in found.explanation[1:]] == [True]
        file_batches.cancel(bench.deployment, ASKED, store, bench.batch(store, [files[0]], ASKED).id)
        bench.close()

    def test_key(self, bench: Bench) -> None:
        """A key is reported without its secret and its hash."""
        view, secret = api_keys.create(bench.deployment, "acme", "laptop")
        found = shown(bench, view.id)
        assert found.explanation == (f"{view.id} ('laptop') of project 'acme' with scope 'write' is active.",)
        written = json.dumps(asdict(found))
        assert secret not in written
        assert view.state.hash not in written
        assert found.streams[0].commits[0].actor == "operator"
        api_keys.revoke(bench.deployment, view.id)
        assert "was revoked at 20" in shown(bench, view.id).explanation[0]

    @pytest.mark.parametrize("form", ["req_0123456789abcdef0123456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"])
    def test_request(self, bench: Bench, form: str) -> None:
        """A request brings all that it began, also by its id in API Gateway's log; that this reads the log is said."""
        request = Actor(Caller("acme"), "req_0123456789abcdef0123456789abcdef")
        store, file = bench.store(), bench.upload("damaged")
        bench.attach(store, file, request)
        bench.pump.settle()
        found = shown(bench, form)
        assert found.explanation[0] == f"{request.request} led to 2 commits in 1 stream."
        assert found.explanation[1].endswith("(invalid_file): The file is damaged. Save it again.")
        assert {event["type"] for each in found.streams for commit in each.commits for event in commit.events} == {
            "FileAttached",
            "FileFailed",
        }
        assert any("all 4 commits of the log were read" in note for note in found.notes)

    @pytest.mark.parametrize(
        ("id", "says"),
        [
            ("vs_none", "The log has no 'vs_none'."),
            ("vs_none/file-none", "The log has no"),
            ("file-none", "The log has no"),
            ("req_none", "None of the log's"),
            ("nothing", "is not the id of a store"),
            ("", "is not the id of a store"),
        ],
    )
    def test_unknown(self, bench: Bench, id: str, says: str) -> None:
        """An id that is in no commit is refused with a message."""
        with pytest.raises(UnknownId, match=says):
            shown(bench, id)

    def test_broken_index(self, failed: tuple[Bench, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """If the index cannot be queried, everything else is still reported."""
        bench, store, file = failed
        monkeypatch.setattr(bench.index, "count", lambda *_: 1 / 0)
        found = shown(bench, f"{store}/{file}")
        assert "invalid_file" in found.explanation[0]
        assert any("could not be read" in note for note in found.notes)

    def test_reads_only(self, failed: tuple[Bench, str, str]) -> None:
        """The command changes nothing: no commit, no row, no message."""
        bench, store, file = failed
        bench.attach(store, bench.upload("alpha"))

        def everything() -> tuple[Any, ...]:
            rows = sorted(bench.deployment.views.table.scan(), key=str)
            return list(bench.log.scan()), rows, waiting(bench)()

        before = everything()
        for id in (store, file, f"{store}/{file}", "req_asked"):
            shown(bench, id)
        assert everything() == before
        assert store_files.get(bench.deployment, ASKED, store, file).state.status == "failed"
