"""A store moves to another space: its old vectors serve until all of its files have new ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.support.bench import PROJECT, DictIndex
from tests.support.examples import examples
from tests.support.moving import OTHER, WORDS, MovingBench, OldEmbedder, OtherEmbedder
from vectorlog.domain.errors import NotFound
from vectorlog.domain.filters import Comparison
from vectorlog.domain.store_file import State
from vectorlog.domain.vectors import Space
from vectorlog.domain.vectors_move import AGAIN_MS
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.files import artefact
from vectorlog.ingest.job import ROUND
from vectorlog.operations.progress import silent
from vectorlog.operations.rebuild_index import Refill
from vectorlog.reactions import leftovers
from vectorlog.reactions import moving as moves
from vectorlog.use_cases import erasure, store_files, vector_stores
from vectorlog.views import move_progress


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MovingBench]:
    made = MovingBench(tmp_path)
    yield made
    made.close()


def filled(bench: MovingBench, *texts: str) -> tuple[str, list[str]]:
    store, files = bench.store(), [bench.upload(text) for text in texts]
    for file in files:
        bench.attach(store, file)
    bench.pump.settle()
    return store, files


def state_of(bench: MovingBench, store: str, file: str) -> State:
    return store_files.load(bench.deployment, PROJECT, store, file)[1]


def ingest_for_move(bench: MovingBench, store: str) -> None:
    """Begins a move, and ingests its first files, but does nothing more."""
    assert bench.begin(store)
    bench.pump.project()
    bench.pump.work_one()
    bench.pump.project()
    bench.pump.ingest_some()


def test_the_whole_way(bench: MovingBench) -> None:
    """After every step of the work, a search finds each file by the vectors of one model: of the old one, and in the
    end of the new one. Chunks that are the same are not embedded again by the old model, and none are left over.
    """
    texts = [f"alpha{number} beta\ngamma{number} delta" for number in range(5)]
    store, files = filled(bench, *texts)
    OldEmbedder.embedded.clear()
    assert bench.begin(store)
    spaces: list[Space] = []
    while bench.pump.project() or bench.pump.work_one() or bench.pump.ingest_some(2) or OTHER not in spaces:
        spaces.append(bench.space_of(store))
        for number, file in enumerate(files):
            assert bench.by_meaning(store, f"alpha{number} beta")[file] > 0.98
        bench.clock.advance(100)
    assert spaces[0] == WORDS
    assert spaces == sorted(spaces, key=[WORDS, OTHER].index)
    assert OldEmbedder.embedded == []
    assert len(OtherEmbedder.embedded) == 10
    assert bench.differences() == []
    assert bench.index.count(WORDS, store) == {}
    assert vector_stores.get(bench.deployment, PROJECT, store).counts.completed == 5


def test_searches_end_before_the_old_vectors_go(bench: MovingBench) -> None:
    """A search that began before the switch uses the old vectors for a minute more."""
    store, (file,) = filled(bench, "alpha")
    assert bench.begin(store)
    while bench.space_of(store) != OTHER:
        if not (bench.pump.project() or bench.pump.work_one() or bench.pump.ingest_some()):
            bench.clock.advance(100)
    for _ in range(59):
        while bench.pump.project() or bench.pump.work_one():
            pass
        bench.clock.advance(1_000)
    assert bench.index.count(WORDS, store) == {(file, 2): 1}
    bench.pump.settle()
    assert bench.index.count(WORDS, store) == {}


def test_an_ingest_that_began_before(bench: MovingBench) -> None:
    """An ingest that is under way when the move begins, and knows nothing of it, does not let chunks serve that only
    the old space has.
    """
    store, _ = filled(bench, "alpha")
    late = bench.upload("beta")
    bench.attach(store, late)
    bench.pump.project()

    def begins() -> None:
        assert bench.begin(store)
        while bench.pump.project() or bench.pump.work_one():
            pass

    OldEmbedder.meanwhile = begins
    bench.pump.ingest_some()
    assert state_of(bench, store, late).serving is None
    bench.pump.settle()
    assert bench.space_of(store) == OTHER
    assert bench.by_meaning(store, "beta")[late] > 0.98
    assert bench.differences() == []


def test_an_ingest_that_ends_after_the_switch(bench: MovingBench) -> None:
    """It leaves no chunks in the space that the store has left."""
    store, _ = filled(bench, "alpha")
    assert bench.begin(store)
    bench.pump.project()
    bench.pump.work_one()
    late = bench.upload("beta")
    bench.attach(store, late)
    bench.pump.project()

    def switches() -> None:
        bench.pump.settle()
        assert bench.space_of(store) == OTHER

    bench.pump.ingest_some(1)  # the file of the move
    OldEmbedder.meanwhile = switches
    bench.pump.ingest_some()
    assert bench.space_of(store) == OTHER
    assert bench.by_meaning(store, "beta")[late] > 0.98
    assert (late, 1) not in bench.index.count(WORDS, store)
    bench.pump.settle()
    assert bench.differences() == []
    assert bench.index.count(WORDS, store) == {}


def test_a_file_that_cannot_be_embedded(bench: MovingBench) -> None:
    """The store keeps its space, and the file its old vectors; the move says which file it is. Begun again without the
    file, the move goes on where it stopped.
    """
    store, (good, sad) = filled(bench, "alpha", "sad beta")
    assert bench.begin(store)
    bench.pump.settle()
    assert bench.space_of(store) == WORDS
    assert bench.by_meaning(store, "sad beta")[sad] > 0.98
    state = state_of(bench, store, sad)
    assert state.failure is not None
    assert "it is too sad" in state.failure.message
    noted = move_progress.noted(bench.deployment.views.table, store)
    assert noted is not None
    assert (noted.stopped, noted.named, noted.files, noted.left) == (True, (sad,), 1, 1)
    assert bench.differences() == []
    store_files.detach(bench.deployment, PROJECT, store, sad)
    embedded = len(OtherEmbedder.embedded)
    assert bench.begin(store)
    bench.pump.settle()
    assert bench.space_of(store) == OTHER
    assert set(bench.by_meaning(store, "alpha")) == {good}
    assert len(OtherEmbedder.embedded) == embedded
    assert bench.differences() == []


def test_cancelled(bench: MovingBench) -> None:
    """The store keeps its space; its chunks in the other one are removed, and a new move begins later."""
    store, files = filled(bench, "alpha", "beta")
    ingest_for_move(bench, store)
    bench.cancel(store)
    assert not bench.begin(store)
    bench.pump.settle()
    assert bench.space_of(store) == WORDS
    assert bench.index.count(OTHER, store) == {}
    assert set(bench.by_meaning(store, "alpha")) == set(files)
    assert bench.differences() == []
    bench.clock.advance(AGAIN_MS)
    assert bench.begin(store)
    bench.pump.settle()
    assert bench.space_of(store) == OTHER
    assert bench.by_meaning(store, "beta")[files[1]] > 0.98
    assert bench.differences() == []


def test_back_again(bench: MovingBench) -> None:
    """A store can move back; every move takes the vectors that belong to it."""
    store, files = filled(bench, "alpha", "beta")
    for target in (OTHER, WORDS, OTHER):
        bench.clock.advance(AGAIN_MS)
        assert bench.begin(store, target)
        bench.pump.settle()
        assert bench.space_of(store) == target
        assert bench.by_meaning(store, "beta")[files[1]] > 0.98
        into = DictIndex()
        Refill(bench.deployment.streams, bench.blobs, into).fill(silent)
        assert into.count(target, store) == bench.index.count(target, store)
        assert bench.differences() == []


def test_to_a_model_that_is_not_offered(bench: MovingBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is read or embedded for nothing: the move stops, and says so. Files that are attached meanwhile are found
    as before. Begun again when the model is offered, the move is made.
    """
    store, files = filled(bench, "alpha")
    with monkeypatch.context() as deployed:
        offers = bench.deployment.models.offers
        deployed.setattr(bench.deployment.models, "offers", lambda space: space != OTHER and offers(space))
        assert bench.begin(store)
        bench.pump.settle()
        noted = move_progress.noted(bench.deployment.views.table, store)
        assert noted is not None
        assert (noted.stopped, noted.left, noted.named) == (True, 0, ())
        assert state_of(bench, store, files[0]).generation == 1
        late = bench.upload("beta")
        bench.attach(store, late)
        bench.pump.settle()
    assert bench.space_of(store) == WORDS
    assert set(bench.by_meaning(store, "alpha")) == {*files, late}
    assert bench.begin(store)
    bench.pump.settle()
    assert bench.space_of(store) == OTHER
    assert bench.by_meaning(store, "beta")[late] > 0.98
    assert bench.differences() == []


def test_from_a_model_that_is_not_offered(bench: MovingBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files could not be embedded for the space that serves, so none is opened, and none fails because of the move."""
    store, files = filled(bench, "alpha")
    offers = bench.deployment.models.offers
    monkeypatch.setattr(bench.deployment.models, "offers", lambda space: space != WORDS and offers(space))
    assert bench.begin(store)
    bench.pump.settle()
    state = state_of(bench, store, files[0])
    assert (state.generation, state.failure) == (1, None)
    noted = move_progress.noted(bench.deployment.views.table, store)
    assert noted is not None
    assert noted.stopped


def test_begun_again_while_it_is_made(bench: MovingBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move that is begun again, however often, goes on with the files that are being ingested for it: none is retired
    and embedded a second time. What a client attached before the move began is begun anew once.
    """
    monkeypatch.setattr(moves, "FILES", 3)
    store, files = filled(bench, *(f"alpha{number}" for number in range(5)))
    replaced = files[1]
    bench.attach(store, replaced, kind="new")
    for _ in range(3):
        assert bench.begin(store)
        bench.pump.project()
        while bench.pump.work_one():
            pass
        bench.pump.project()
    opened = [state_of(bench, store, file).generation for file in files]
    assert opened == [2, 3, 2, 1, 1]
    bench.pump.settle()
    assert bench.space_of(store) == OTHER
    assert [state_of(bench, store, file).generation for file in files] == [2, 3, 2, 2, 2]
    assert len(OtherEmbedder.embedded) == 5
    assert bench.differences() == []


@pytest.mark.parametrize("end", ["delete", "erase"])
def test_a_store_that_ends(bench: MovingBench, end: str) -> None:
    """Nothing of it is left in either space, and of an erased one not on the disk of the index either."""
    store, _ = filled(bench, "quetzalcoatl", "beta")
    ingest_for_move(bench, store)
    assert bench.index.count(OTHER, store)
    if end == "delete":
        vector_stores.delete(bench.deployment, PROJECT, store)
    else:
        erasure.erase_store(bench.deployment, PROJECT, store)
    held = [path for path in (bench.folder / "index").rglob("*") if path.is_file()]
    assert any(b"quetzalcoatl" in path.read_bytes() for path in held)
    bench.pump.settle()
    assert (bench.index.count(WORDS, store), bench.index.count(OTHER, store)) == ({}, {})
    assert end == "delete" or not any(b"quetzalcoatl" in path.read_bytes() for path in held if path.exists())
    assert bench.differences() == []


def test_attributes_that_change_meanwhile(bench: MovingBench) -> None:
    """They hold in both spaces, whether the index can change them in place or its chunks are written again."""
    store, (file, other) = filled(bench, "alpha", "beta")
    ingest_for_move(bench, store)
    store_files.change_attributes(bench.deployment, PROJECT, store, file, {"n": 2})
    bench.pump.settle()
    assert bench.space_of(store) == OTHER
    assert bench.find(store, "alpha", filter=Comparison("eq", "n", 2)) == [file]
    assert other in bench.find(store, "alpha")


def test_index_made_anew_meanwhile(bench: MovingBench) -> None:
    """A new index has the chunks of both spaces, and one that is brought up to date after the switch has none of the
    space that was left.
    """
    store, files = filled(bench, "alpha", "beta")
    ingest_for_move(bench, store)
    into = DictIndex()
    position = bench.log.last_position()
    refill = Refill(bench.deployment.streams, bench.blobs, into)
    refill.fill(silent)
    assert refill.incomplete == []
    both = dict.fromkeys([(file, 2) for file in files], 1)  # the first generations are not purged yet
    assert (into.count(WORDS, store), into.count(OTHER, store)) == (both, both)
    bench.pump.settle()
    Refill(bench.deployment.streams, bench.blobs, into).catch_up(
        each.commit for each in bench.log.after(position, 1000)
    )
    assert into.count(WORDS, store) == {}
    assert {file for file, _ in into.count(OTHER, store)} == set(files)


def test_what_a_cancelled_move_leaves(bench: MovingBench) -> None:
    """Its vectors are removed from the artefacts a day later, and those that serve are not."""
    store, (file,) = filled(bench, "alpha")
    ingest_for_move(bench, store)
    bench.cancel(store)
    bench.pump.settle()
    state = state_of(bench, store, file)
    assert state.serving is not None
    folder = artefact.folder(store, file, state.serving.generation)
    assert sorted(key.removeprefix(folder) for key in bench.blobs.list(folder)) == ["00000000", "00000000@1", "text"]
    long_ago = bench.clock() - 2 * leftovers.SAFE_AGE_MS
    for path in (bench.folder / "blobs").rglob("*"):
        os.utime(path, (long_ago / 1000, long_ago / 1000))
    while (after := leftovers.collect(bench.deployment, "")) is not None:
        assert after
    assert sorted(key.removeprefix(folder) for key in bench.blobs.list(folder)) == ["00000000", "text"]


@pytest.mark.long
@pytest.mark.random
@pytest.mark.parametrize("seed", range(examples(60)))
def test_random_histories(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever clients do during a move, and in whatever order its work is done, once or twice: after every step, what
    serves is found by its own text, and what was detached is not; and nothing is left over in the end.
    """
    draw = Random(seed)
    monkeypatch.setattr(moves, "FILES", draw.choice([1, 2, 100]))
    monkeypatch.setattr(moves, "CHUNKS", draw.choice([1, 3, 2000]))
    bench = MovingBench(tmp_path, index=DictIndex(), seed=seed, inline_files=draw.choice([0, 100]))
    store = bench.store()
    texts: dict[str, str] = {}
    for number in range(draw.randint(0, 5)):
        texts[bench.upload(f"word{number} alpha")] = f"word{number} alpha"
        bench.attach(store, [*texts][-1])
    if draw.random() < 0.7:
        bench.pump.settle()
    in_store = set(texts)
    assert bench.begin(store)
    for step in range(60):
        kind = draw.randrange(12)
        if kind == 0:
            file = bench.upload(f"late{step} alpha")
            texts[file] = f"late{step} alpha"
            others = draw.sample(sorted(in_store), min(2, len(in_store)))
            in_store.add(file)
            if draw.random() < 0.5:
                bench.attach(store, file)
            else:
                bench.batch(store, [file, *others], kind=step)
        elif kind == 1 and in_store:
            bench.attach(store, draw.choice(sorted(in_store)), number=step)
        elif kind == 2 and in_store:
            gone = draw.choice(sorted(in_store))
            with suppress(NotFound):
                store_files.detach(bench.deployment, PROJECT, store, gone)
            in_store.discard(gone)
        elif kind == 3 and in_store:
            with suppress(NotFound):
                store_files.change_attributes(
                    bench.deployment, PROJECT, store, draw.choice(sorted(in_store)), {"n": step}
                )
        elif kind == 4 and draw.random() < 0.2:
            bench.begin(store)
        elif kind in (5, 6):
            bench.pump.project(draw.randint(1, 20), order=draw)
        elif kind in (7, 8, 9):
            bench.pump.work_one(draw, twice=draw.random() < 0.3)
        elif kind == 10:
            bench.pump.ingest_some(draw.randint(1, 4), draw, twice=draw.random() < 0.2)
        bench.clock.advance(draw.choice([0, 10, 500, 2000]))
        _all_found(bench, store, texts, in_store)
    bench.pump.settle()
    _all_found(bench, store, texts, in_store)
    if bench.space_of(store) != OTHER:  # a batch was replaced in an unlucky moment
        assert bench.begin(store)
        bench.pump.settle()
    assert bench.space_of(store) == OTHER
    _all_found(bench, store, texts, in_store)
    assert bench.differences() == []
    assert bench.index.count(WORDS, store) == {}
    bench.close()


def _all_found(bench: MovingBench, store: str, texts: dict[str, str], in_store: set[str]) -> None:
    states = {file: bench.deployment.streams.load(STORE_FILE, f"{store}/{file}").state for file in texts}
    for file, state in states.items():
        found = bench.by_meaning(store, texts[file])
        if file not in in_store:
            assert file not in found
        elif state.serving is not None:
            assert found.get(file, 0) > 0.98, f"{file} is not found by its text"


def test_the_old_artefact_is_read_once(bench: MovingBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large file that is embedded for a move reads of its old text no byte twice, and lists its parts once, however
    many rounds it takes; its old vectors are used again in all of them.
    """
    parts = 6
    text = "".join(f"alpha{number} beta \u00e9\n" for number in range(parts * ROUND))
    store, [file] = filled(bench, text)
    old, read, listed = artefact.folder(store, file, 1), list[int](), list[str]()
    whole, part, names = bench.blobs.read, bench.blobs.slice, bench.blobs.list

    def counted_read(key: str) -> bytes:
        found = whole(key)
        if key == old + artefact.TEXT:
            read.append(len(found))
        return found

    def counted_slice(key: str, start: int, end: int) -> bytes:
        if key == old + artefact.TEXT:
            read.append(end - start)
        return part(key, start, end)

    def counted_list(prefix: str) -> Iterator[str]:
        listed.append(prefix)
        return names(prefix)

    monkeypatch.setattr(bench.blobs, "read", counted_read)
    monkeypatch.setattr(bench.blobs, "slice", counted_slice)
    monkeypatch.setattr(bench.blobs, "list", counted_list)
    OldEmbedder.embedded.clear()
    ingest_for_move(bench, store)
    assert state_of(bench, store, file).serving is not None
    assert OldEmbedder.embedded == []
    assert sum(read) <= len(text.encode())
    assert listed.count(old) == 1
