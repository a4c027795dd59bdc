"""What must hold once no work is left: everything has ended, and exactly what the log requires is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from random import Random

from tests.support.bench import PROJECT, Bench
from vectorlog.domain import store_file, vector_store
from vectorlog.event_log.codec import FILE_BATCH, STORE_FILE, UPLOADED_FILE, VECTOR_STORE
from vectorlog.files import artefact
from vectorlog.sqlite.database import Database
from vectorlog.use_cases import store_files, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.views import keys
from vectorlog.views import sqlite as sqlite_views
from vectorlog.views.sqlite import SQLiteTable
from vectorlog.views.table import Key
from vectorlog.views.views import Views

STATUSES: tuple[store_file.Status, ...] = ("in_progress", "completed", "failed", "cancelled")
RowOf = tuple[object, ...]


def files_of(bench: Bench, store: str) -> dict[str, store_file.State]:
    """The streams' states of every file that was ever in a store."""
    streams = sorted({commit.stream for commit in bench.log.scan() if commit.stream.startswith(f"{store}/")})
    loaded = bench.deployment.streams.load_many(STORE_FILE, streams)
    return {stream.split("/")[1]: each.state for stream, each in loaded.items()}


class AtRest:
    """Checks a deployment without pending work. `crashed`: bytes of uploads that were never answered may be left."""

    def __init__(self, bench: Bench, draw: Random, *, crashed: bool) -> None:
        self.bench = bench
        self.draw = draw
        self.crashed = crashed

    def _living_stores(self) -> dict[str, vector_store.State]:
        streams = {
            commit.stream
            for commit in self.bench.log.scan()
            if commit.stream.startswith("vs_") and "/" not in commit.stream
        }
        loaded = self.bench.deployment.streams.load_many(VECTOR_STORE, sorted(streams))
        return {stream: each.state for stream, each in loaded.items() if each.state.exists}

    def check_ended(self) -> None:
        deployment = self.bench.deployment
        for store in self._living_stores():
            counts = vector_stores.get(deployment, PROJECT, store).counts
            assert counts.in_progress == counts.unreached == 0, f"something of {store} never ends: {counts}"
            listed = self._list(store)
            assert len(listed) == len({view.file for view in listed}), "a list shows a file twice"
            states = {file: state for file, state in files_of(self.bench, store).items() if state.attached}
            assert {view.file: view.state for view in listed} == states, "a list differs from the streams"
            sums = Counter(view.state.status for view in listed)
            assert {status: getattr(counts, status) for status in STATUSES} == {
                status: sums[status] for status in STATUSES
            }
            serving = [view.state.serving for view in listed if view.state.status == "completed"]
            assert counts.usage_bytes == sum(each.usage_bytes for each in serving if each)
            assert not deployment.views.open_batches(store), "a batch stays open"
            deleted = {
                file
                for file in states
                if not deployment.streams.load(UPLOADED_FILE, file).state.is_available(self.bench.clock())
            }
            assert not deleted, "a deleted file stays in a store"
        for batch in {commit.stream for commit in self.bench.log.scan() if commit.stream.startswith("vsfb_")}:
            state = deployment.streams.load(FILE_BATCH, batch).state
            if state.store in self._living_stores():
                counts = deployment.views.batch_counts(batch, state.count)
                rows = deployment.views.table.query(keys.batch(batch).pk, prefix="E#", limit=1000)
                assert Counter(row.data for row in rows) == Counter(
                    {status: getattr(counts, status) for status in STATUSES if getattr(counts, status)}
                )
                assert counts.in_progress == 0, f"batch {batch} never ends: {counts}"

    def _list(self, store: str) -> Sequence[store_files.StoreFileView]:
        found: list[store_files.StoreFileView] = []
        after, more, limit = None, True, self.draw.randint(1, 3)
        while more:
            page = store_files.list_page(self.bench.deployment, PROJECT, store, PageRequest(limit, "asc", after), None)
            found += page.items
            after, more = page.items[-1].file if page.items else None, page.has_more
        return found

    def check_views(self) -> None:
        """The rows equal those of a projection of the whole log, commit by commit, into an empty table."""
        fresh = Database(self.bench.folder / "fresh.db", sqlite_views.SCHEMA, synchronous="NORMAL")
        streams, views = self.bench.deployment.streams, Views(SQLiteTable(fresh))
        for commit in self.bench.log.scan():
            views.apply([streams.decode(commit)])
        assert self._rows(self.bench.derived) == self._rows(fresh)
        fresh.close()

    def _rows(self, database: Database) -> dict[Key, tuple[RowOf, str]]:
        living = self._living_stores()
        batches = {commit.stream for commit in self.bench.log.scan() if commit.stream.startswith("vsfb_")}
        gone = {
            batch
            for batch in batches
            if self.bench.deployment.streams.load(FILE_BATCH, batch).state.store not in living
        }
        found: dict[Key, tuple[RowOf, str]] = {}
        for pk, sk, *fields, counts in database.read().execute(
            "SELECT pk, sk, version, data, status, deadline, gone, closed, expires_at, counts FROM views"
        ):
            kind, _, rest = pk.partition("#")
            of_deleted = (kind == "VS" and rest.split("#")[0] not in living and sk != keys.COUNTS) or (
                kind == "VSFB" and rest in gone
            )
            of_deleted = of_deleted or (kind == "FILE" and sk != keys.COUNTS and sk.removeprefix("VS#") not in living)
            if not of_deleted and not sk.startswith(keys.OPEN) and kind != "LEAVING":
                closed = kind == "VS" and rest not in living  # its counts stop at its deletion, whatever they are
                numbers = {} if closed else {name: number for name, number in _load(counts).items() if number}
                version, *rest_of_row, expires_at = fields
                expires = expires_at is not None  # a rebuild keeps tombstones for longer
                kept = (0 if keys.is_pointer(Key(pk, sk)) else version, *rest_of_row, expires)
                if kind != "PROJECT" or numbers:  # such a row may be there without counts, or not at all
                    found[Key(pk, sk)] = (kept, str(sorted(numbers.items())))
        return found

    def check_kept(self) -> None:
        """The index and the blobs hold exactly what existing things need."""
        bench, wanted, living = self.bench, set(), self._living_stores()
        for store in living:
            serving = {file: state.serving for file, state in files_of(self.bench, store).items() if state.serving}
            count = bench.index.count(bench.space, store)
            assert count == {(file, each.generation): each.chunks for file, each in serving.items()}, (
                "the index holds something else"
            )
            wanted |= {artefact.folder(store, file, each.generation) for file, each in serving.items()}
        folders = {key.rsplit("/", 1)[0] + "/" for key in bench.blobs.list("") if key.startswith("artefacts/")}
        assert {folder for folder in folders if folder.split("/")[1] in living} == wanted, "artefacts are left over"
        for key in bench.blobs.list(""):
            kind, first, *_ = key.split("/")
            if kind == "files":
                state = bench.deployment.streams.load(UPLOADED_FILE, first).state
                lost = state.owner is None and self.crashed  # its upload was never answered
                assert lost or state.is_available(bench.clock()), f"bytes of a deleted file are left: {key}"

    def check_deleted_stores(self) -> None:
        bench, living = self.bench, self._living_stores()
        for store in {
            commit.stream for commit in bench.log.scan() if commit.stream.startswith("vs_") and "/" not in commit.stream
        } - set(living):
            assert not bench.index.count(bench.space, store)
        assert not [
            key for key in bench.blobs.list("") if key.split("/")[0] != "files" and key.split("/")[1] not in living
        ]
        rows = bench.derived.read().execute("SELECT pk, sk FROM views WHERE NOT gone").fetchall()
        left = [(pk, sk) for pk, sk in rows if pk.startswith("VS#") and pk.split("#")[1] not in living]
        left += [(pk, sk) for pk, sk in rows if sk.startswith("VS#") and sk.split("#")[1] not in living]
        assert not left, "rows of a deleted store are left"


def _load(counts: str) -> dict[str, int]:
    loaded: dict[str, int] = json.loads(counts)
    return loaded
