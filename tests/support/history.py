"""A random history: commands of one caller on a few files, batches and stores, between random steps of the pump, with
crashes anywhere. It knows only what was answered, and checks the promises after every step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

from tests.support.at_rest import AtRest, files_of
from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, Lost
from vectorlog.domain import ids
from vectorlog.domain.chunking import AUTO, Chunking
from vectorlog.domain.errors import NotFound, Refused
from vectorlog.domain.manifest import BatchItem
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.use_cases import file_batches, search, store_files, uploaded_files, vector_stores
from vectorlog.views import keys
from vectorlog.views.counts import Counts
from vectorlog.views.table import Key

TEXTS = ("alpha beta", "alpha gamma\nalpha delta", "damaged", "deadly", "beta beta\nbeta\nbeta gamma")
T = TypeVar("T")


class History:
    """One history, from one seed."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.draw = Random(seed)
        self.bench = Bench(folder, index=DictIndex(), seed=seed, inline_files=self.draw.choice([0, 0, 3, 100]))
        self.folder = folder
        self.files: list[str] = []
        self.stores: list[str] = []
        self.batches: list[tuple[str, str]] = []
        self.deleted: set[str] = set()
        self.maybe_deleted: set[str] = set()
        self.there: set[tuple[str, str]] = set()
        self.out: set[tuple[str, str]] = set()
        self.unsure: set[tuple[str, str]] = set()
        self.half_done: set[tuple[str, str]] = set()
        self.settled: dict[Key, str] = {}
        self.crashes = 0
        self.story: list[str] = []

    # Commands

    def step(self) -> None:
        """One command or one step of the pump, which may be the last of its process."""
        chosen = self.draw.choices(
            [
                *[
                    self.upload,
                    self.create,
                    self.attach,
                    self.attach_batch,
                    self.cancel,
                    self.detach,
                    self.change,
                    self.delete_file,
                ],
                *[self.delete_store, self.search, self.wait, self.project, self.work, self.ingest, self.deliver_again],
            ],
            [4, 1, 6, 5, 3, 3, 3, 1, 0.5, 3, 2, 14, 14, 10, 2],
        )[0]
        self.story.append(chosen.__name__)
        if self.draw.random() < 0.12:
            try:
                with self.bench.faults.dying(self.draw.randint(1, 8), after=self.draw.random() < 0.5):
                    chosen()
            except Lost as lost:
                self.crashes += 1
                self.story.append(f"  died {lost}")
                self.bench.pump.restart()
        else:
            chosen()

    def upload(self) -> None:
        if len(self.files) < 8:
            self.files.append(self.bench.upload(self.draw.choice(TEXTS)))

    def create(self) -> None:
        if len(self.stores) < 3:
            living = self._some_files()
            listed = tuple(BatchItem(file) for file in living) if self.draw.random() < 0.5 else ()
            store = self._answered(lambda: self.bench.store(files=listed))
            if store is not None:
                self.stores.append(store)
                self.there |= {(store, each.file) for each in listed}
                if listed:
                    self.batches.append((store, ids.make("vsfb", store.encode())))

    def attach(self) -> None:
        store, file = self._place()
        if store and file:
            before = set(self.unsure)
            self._may_appear(store, [file])
            chunking = self.draw.choice([AUTO, AUTO, Chunking("static", 100, 0)])
            command = store_files.AttachFile(file, {"n": self.draw.randint(0, 2)}, chunking)
            if self._answered(lambda: store_files.attach(self.bench.deployment, PROJECT, store, command)) is not None:
                self.there.add((store, file))
                self.unsure -= {(store, file)} - before

    def attach_batch(self) -> None:
        store, files = self._store(), self._some_files()
        if store and files:
            before = set(self.unsure)
            self._may_appear(store, files)
            skip = self.draw.random() < 0.2
            made = self._answered(lambda: self.bench.batch(store, files, skip=skip, n=self.draw.randint(0, 2)))
            if made is not None:
                self.batches.append((store, made.id))
                self.there |= {(store, file) for file in files}
                self.unsure -= {(store, file) for file in files} - before

    def cancel(self) -> None:
        if self.batches:
            store, batch = self.draw.choice(self.batches)
            before = self._serving(store)
            answered = self._answered(lambda: file_batches.cancel(self.bench.deployment, PROJECT, store, batch))
            if answered is not None:
                assert before.items() <= self._serving(store).items(), "a cancel took away what was completed"

    def detach(self) -> None:
        store, file = self._place()
        if store and file:
            self.there.discard((store, file))
            known = (store, file) not in self.unsure
            self.bench.clock.advance(1)
            try:
                store_files.detach(self.bench.deployment, PROJECT, store, file)
            except NotFound:  # no answered request put it there, or it is gone
                if known:
                    self.out.add((store, file))
            except Refused:
                return
            else:
                self.out.add((store, file))

    def change(self) -> None:
        store, file = self._place()
        if store and file:
            attributes = {"n": self.draw.randint(0, 2)}
            self.half_done.add((store, file))  # until an answer: the rows may lag
            if self._answered(
                lambda: store_files.change_attributes(self.bench.deployment, PROJECT, store, file, attributes)
            ):
                self.half_done.discard((store, file))

    def delete_file(self) -> None:
        if self.files:
            file = self.draw.choice(self.files)
            self.maybe_deleted.add(file)
            self.there = {(store, each) for store, each in self.there if each != file}
            if self._told_gone(lambda: uploaded_files.delete(self.bench.deployment, PROJECT, file)):
                self.deleted.add(file)

    def delete_store(self) -> None:
        store = self._store()
        if store and len(self.stores) > 1:
            self.maybe_deleted.add(store)
            if self._told_gone(lambda: vector_stores.delete(self.bench.deployment, PROJECT, store)):
                self.deleted.add(store)

    def search(self) -> None:
        store = self._store()
        if store:
            self._answered(lambda: self._check_search(store))

    def wait(self) -> None:
        self.bench.clock.advance(self.draw.choice([1, 400, 1000, 61_000]))

    # Steps of the pump

    def project(self) -> None:
        self.bench.pump.project(self.draw.choice([1, 2, 5, 50]), order=self.draw if self.draw.random() < 0.4 else None)

    def work(self) -> None:
        self.bench.pump.work_one(self.draw, twice=self.draw.random() < 0.2)

    def ingest(self) -> None:
        self.bench.pump.ingest_some(self.draw.randint(1, 4), self.draw, twice=self.draw.random() < 0.2)

    def deliver_again(self) -> None:
        self.bench.pump.again(self.draw)

    # What must hold after every step

    def check(self) -> None:
        """Counts add up, created things exist, and what has ended stays ended."""
        deployment = self.bench.deployment
        for store in self.stores:
            self._check_store(store)
        for store, batch in self.batches:
            if store not in self.maybe_deleted:
                view = file_batches.get(deployment, PROJECT, store, batch)
                self._add_up(view.counts)
                assert view.counts.total == view.state.count
                self._stays_settled(batch)
        for store, file in sorted(self.there):
            if store not in self.maybe_deleted and file not in self.maybe_deleted:
                store_files.get(deployment, PROJECT, store, file)
        for store, file in sorted(self.out):
            if store not in self.maybe_deleted:
                self._check_out(store, file)

    def _check_store(self, store: str) -> None:
        if store in self.deleted:
            assert self._told_gone(lambda: vector_stores.get(self.bench.deployment, PROJECT, store)), (
                "a deleted store is shown"
            )
        elif store not in self.maybe_deleted:
            self._add_up(vector_stores.get(self.bench.deployment, PROJECT, store).counts)

    def _check_out(self, store: str, file: str) -> None:
        assert self._told_gone(lambda: store_files.get(self.bench.deployment, PROJECT, store, file)), (
            "a detached file is shown"
        )

    def _check_search(self, store: str) -> bool:
        deployment = self.bench.deployment
        for found in search.search(deployment, PROJECT, store, search.Search(("alpha beta",), limit=50)).results:
            assert found.file not in self.deleted, "a search finds a deleted file"
            assert (store, found.file) not in self.out, "a search finds a detached file"
            state = deployment.streams.load(STORE_FILE, ids.store_file_stream(store, found.file)).state
            assert state.serving is not None
            if (store, found.file) not in self.half_done:
                assert found.attributes == state.serving.attributes, "a search shows attributes of before"
        return True

    @staticmethod
    def _add_up(counts: Counts) -> None:
        parts = [
            counts.in_progress,
            counts.completed,
            counts.failed,
            counts.cancelled,
            counts.usage_bytes,
            counts.unreached,
        ]
        assert min(parts) >= 0, f"a count is negative: {counts}"

    def _stays_settled(self, batch: str) -> None:
        for row in self.bench.deployment.views.table.query(keys.batch(batch).pk, prefix="E#", limit=1000):
            before = self.settled.get(row.key)
            assert before in (None, row.data), f"an entry went from {before} to {row.data}"
            if row.data != "open":
                self.settled[row.key] = row.data

    def finish(self) -> None:
        """All work is done, and exactly what the log requires is left."""
        pump = self.bench.pump
        pump.restart()
        pump.settle()
        self.check()
        rest = AtRest(self.bench, self.draw, crashed=self.crashes > 0)
        rest.check_ended()
        rest.check_views()
        rest.check_kept()
        self.bench.clock.advance(DAY_MS + 1)
        pump.settle()
        pump.sweep()
        pump.settle()
        assert pump.work.depth() == pump.embed.depth() == 0, "messages are left"
        rest.check_kept()
        rest.check_deleted_stores()

    def _may_appear(self, store: str, files: Sequence[str]) -> None:
        """Until a request is answered, it may put these into the store at any later time, and for ever if it never
        is.
        """
        self.out -= {(store, file) for file in files}
        self.unsure |= {(store, file) for file in files}

    # Drawing

    def _store(self) -> str | None:
        return self.draw.choice(self.stores) if self.stores else None

    def _place(self) -> tuple[str | None, str | None]:
        return self._store(), self.draw.choice(self.files) if self.files else None

    def _some_files(self) -> list[str]:
        return self.draw.sample(self.files, self.draw.randint(0, len(self.files)))

    def _serving(self, store: str) -> dict[str, int]:
        return {file: state.serving.generation for file, state in files_of(self.bench, store).items() if state.serving}

    @staticmethod
    def _answered(command: Callable[[], T]) -> T | None:
        """The answer, or None if the command was refused."""
        try:
            return command()
        except Refused:
            return None

    @staticmethod
    def _told_gone(command: Callable[[], object]) -> bool:
        """Whether the answer says that the thing does not exist (any more)."""
        try:
            return command() is None
        except NotFound:
            return True
        except Refused:
            return False
