"""Which files give way to others, and what happens to those whose reader fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.bench import PROJECT, Bench
from tests.support.stubs import DIMENSIONS, Inline, StubEmbedder, StubReader
from tests.support.told import Told
from vectorlog.domain.tenancy import Caller
from vectorlog.embedding.catalogue import Models, Offer
from vectorlog.ingest.crowd import SLICE_S, Crowd
from vectorlog.ingest.document import Document, GaveWay, GiveWay, ReaderClosed, never
from vectorlog.ingest.ingester import Ingester
from vectorlog.ingest.job import Requeue
from vectorlog.use_cases import store_files
from vectorlog.use_cases.actor import Actor
from vectorlog.work.messages import Ingest

OTHER = Actor(Caller("other"), "req_2")


class Seconds:
    """A clock that reading moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class SlowReader(StubReader):
    """A text that begins with `slow` takes a minute, if it does not give way."""

    def __init__(self, seconds: Seconds) -> None:
        self._seconds = seconds
        self.order: list[str] = []

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
        text = path.read_text()
        self.order.append(text)
        give_way(0.0)
        begun = self._seconds.now
        while text.startswith("slow") and self._seconds.now < begun + 60:
            self._seconds.now += 0.1
            if give_way(self._seconds.now - begun):
                raise GaveWay("others waited")
        return super().read(path, filename, max_tokens, overlap)


class Readers:
    """An ingester with one reader, and what it was told."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.seconds = Seconds()
        self.reader = SlowReader(self.seconds)
        self.spent: dict[str, float] = {}
        self.ingester = Ingester(bench.deployment, self.reader, Inline(), self.seconds)

    def attached(self, text: str, actor: Actor = PROJECT, *, slow: bool = False) -> Ingest:
        store, file = self.bench.store(actor), self.bench.upload(text, actor)
        self.bench.attach(store, file, actor)
        return Ingest(store, file, 1, project=actor.caller.project, slow=slow)

    def ingest(self, *messages: Ingest, waits: Callable[[], bool] = lambda: False) -> list[Requeue]:
        def charge(message: Ingest, seconds: float) -> None:
            self.spent[message.file] = seconds

        return self.ingester.ingest(messages, lambda: True, Crowd(waits, charge))


class GermanReader(StubReader):
    """Takes every text for German."""

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
        return replace(super().read(path, filename, max_tokens, overlap), language="de")


@pytest.mark.parametrize("revision", [1, 2])
@pytest.mark.parametrize(("languages", "codes"), [(("en",), ["other_language"]), ((), []), (("de", "en"), [])])
def test_a_language_that_the_model_does_not_know(
    bench: Bench, languages: tuple[str, ...], codes: list[str], revision: int
) -> None:
    """A file is told if its language is certain, and not among those that its store's model is known for."""
    offer = Offer("local", "words", DIMENSIONS, False, StubEmbedder, languages=languages, revision=revision)
    bench.deployment = replace(bench.deployment, models=Models([offer]))
    store, file = bench.store(PROJECT), bench.upload("Die Pumpe", PROJECT)
    bench.attach(store, file, PROJECT)
    assert not Ingester(bench.deployment, GermanReader(), Inline()).ingest([Ingest(store, file, 1)])
    shown = store_files.get(bench.deployment, PROJECT, store, file).state
    assert [each.code for each in shown.warnings] == codes


@pytest.fixture
def readers(bench: Bench) -> Readers:
    return Readers(bench)


class TestGivingWay:
    def test_nobody_waits(self, readers: Readers) -> None:
        """A slow file is read to its end if nobody else wants the reader."""
        message = readers.attached("slow")
        assert readers.ingest(message) == []
        assert readers.spent[message.file] == pytest.approx(60, abs=0.2)

    def test_others_wait(self, readers: Readers) -> None:
        """If others wait, it gives way after a second, and is marked as slow; what was used is charged to it."""
        message = readers.attached("slow")
        [later] = readers.ingest(message, waits=lambda: True)
        assert (later.message.slow, later.message.crashes, later.moved) == (True, 0, True)
        assert readers.spent[message.file] == pytest.approx(SLICE_S, abs=0.2)

    def test_the_rest_of_the_batch(self, readers: Readers) -> None:
        """Then files of the batch that were not begun are left to later, without blame, so that others come first."""
        first, second = readers.attached("slow one"), readers.attached("slow two")
        later = readers.ingest(first, second, waits=lambda: True)
        assert [(each.message.file, each.message.slow) for each in later] == [(first.file, True), (second.file, False)]
        assert readers.reader.order == ["slow one"]

    def test_another_project_in_the_batch(self, readers: Readers) -> None:
        """A file gives way to another project's file that came with it."""
        slow, other = readers.attached("slow"), readers.attached("quick", OTHER)
        [later] = readers.ingest(slow, other)
        assert later.message.file == slow.file
        assert readers.bench.status(other.store, other.file, OTHER) == "completed"

    def test_its_own_project_in_the_batch(self, readers: Readers) -> None:
        """It does not give way to its own project, whose turn it uses."""
        slow, own = readers.attached("slow"), readers.attached("quick")
        assert readers.ingest(slow, own) == []

    def test_slow_ones_come_last(self, readers: Readers) -> None:
        """A file that was slow before is read after the others of its batch."""
        slow, quick = readers.attached("slow", slow=True), readers.attached("quick")
        assert readers.ingest(slow, quick) == []
        assert readers.reader.order == ["quick", "slow"]


class TestReaderFails:
    def test_a_crash(self, readers: Readers) -> None:
        """A file that crashed its reader is tried once more, as a slow one; then it fails as its own fault."""
        message = readers.attached("deadly")
        [later] = readers.ingest(message)
        assert (later.message.crashes, later.message.slow) == (1, True)
        assert readers.ingest(later.message) == []
        failure = store_files.get(readers.bench.deployment, PROJECT, message.store, message.file).state.failure
        assert failure is not None
        assert failure.code == "invalid_file"

    def test_the_server_stops(self, readers: Readers, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file that was being read when the server stopped counts no crash, however often that happens."""
        message = readers.attached("text")

        def closed(*_: object, **__: object) -> Document:
            raise ReaderClosed("the server is stopping")

        monkeypatch.setattr(readers.reader, "read", closed)
        [later] = readers.ingest(message)
        assert later.message == message
        assert told.lines() == []
