"""What `rebuild vectors` finds to move, and what it says of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.transfer.answers import unwatched
from tests.support.bench import PROJECT, Bench
from tests.support.moving import OTHER, WORDS, MovingBench, OldEmbedder
from tests.support.stubs import DIMENSIONS
from vectorlog.domain import vector_store
from vectorlog.domain.tenancy import Caller, Owner
from vectorlog.domain.vector_store import VectorStoreCreated
from vectorlog.domain.vectors import Space
from vectorlog.domain.vectors_move import AGAIN_MS
from vectorlog.embedding.catalogue import Models, Offer, UnknownModel
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.operations.rebuild_vectors import Candidate, Moves, NothingToMove, Wanted
from vectorlog.use_cases import vector_stores
from vectorlog.use_cases.actor import Actor

ELSE = Actor(Caller("other"), "req_2")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[MovingBench]:
    made = MovingBench(tmp_path)
    yield made
    made.close()


def moves_of(bench: Bench) -> Moves:
    return Moves(bench.deployment.streams, bench.deployment.views, bench.clock)


def test_which_stores(bench: MovingBench) -> None:
    """One store, those of a project, or all; with what serves of them. Deleted and expired ones are left out."""
    first, second = bench.store(), bench.store(ELSE)
    for text in ("alpha\nbeta", "gamma"):
        bench.attach(first, bench.upload(text))
    gone = bench.store()
    vector_stores.delete(bench.deployment, PROJECT, gone)
    bench.pump.settle()
    moves, models = moves_of(bench), bench.deployment.models
    of_first = Candidate(first, WORDS, OTHER, 2, 3, under_way=False)
    of_second = Candidate(second, WORDS, OTHER, 0, 0, under_way=False)
    model = OTHER.model
    assert moves.survey(Wanted(store=first, model=model), models, unwatched).candidates == [of_first]
    assert moves.survey(Wanted(project="other", model=model), models, unwatched).candidates == [of_second]
    everything = moves.survey(Wanted(model=model), models, unwatched).candidates
    assert sorted(everything, key=str) == sorted([of_first, of_second], key=str)
    assert moves.survey(Wanted(), models, unwatched).current == 2
    with pytest.raises(NothingToMove):
        moves.survey(Wanted(store=gone, model=model), models, unwatched)
    with pytest.raises(UnknownModel):
        moves.survey(Wanted(model="stub:none"), models, unwatched)


def test_the_newest_revision(bench: MovingBench) -> None:
    """Without a model, stores of the built-in one move to its newest revision; one that has it is left alone."""
    created = VectorStoreCreated(1, Owner("acme", None), "local:words", DIMENSIONS)
    store = "vs_1"
    bench.deployment.streams.decide(VECTOR_STORE, store, lambda state: vector_store.create(state, created))

    def offered(revision: int) -> Models:
        return Models([Offer("local", "words", DIMENSIONS, False, OldEmbedder, revision=revision)])

    found = moves_of(bench).survey(Wanted(store=store), offered(2), unwatched)
    assert [each.target for each in found.candidates] == [Space("local:words#2", DIMENSIONS)]
    assert moves_of(bench).survey(Wanted(store=store), offered(1), unwatched).current == 1


def test_what_cannot_be_moved_now(bench: MovingBench) -> None:
    """It is named with the reason: another move is under way, one has just ended, or its own model is not offered."""
    store = bench.store()
    moves, models = moves_of(bench), bench.deployment.models
    wanted = Wanted(store=store, model=OTHER.model)
    [candidate] = moves.survey(wanted, models, unwatched).candidates
    assert moves.begin([candidate]).keys() == {store}
    assert moves.survey(wanted, models, unwatched).candidates[0].under_way
    [(_, reason)] = moves.survey(Wanted(store=store), models, unwatched).refused
    assert "is being moved to stub:other" in reason
    assert moves.cancel(Wanted(store=store), unwatched) == [store]
    assert moves.cancel(Wanted(), unwatched) == []
    [(_, reason)] = moves.survey(wanted, models, unwatched).refused
    assert "ten minutes" in reason
    bench.clock.advance(AGAIN_MS)
    only = Models([Offer("stub", "other", DIMENSIONS, False, OldEmbedder)])
    [(_, reason)] = moves.survey(wanted, only, unwatched).refused
    assert "its own model stub:words is not offered here" in reason


def test_how_far(bench: MovingBench) -> None:
    """A move is under way until it has switched; a file that stops it is named with the reason."""
    store = bench.store()
    files = [bench.upload(text) for text in ("alpha", "sad beta")]
    for file in files:
        bench.attach(store, file)
    bench.pump.settle()
    moves, wanted = moves_of(bench), Wanted(store=store, model=OTHER.model)
    move = moves.begin(moves.survey(wanted, bench.deployment.models, unwatched).candidates)[store]
    assert (moves.standing(store, move).ended, moves.standing(store, move).progress) == (False, None)
    bench.pump.settle()
    standing = moves.standing(store, move)
    assert not standing.ended
    assert standing.progress is not None
    assert (standing.progress.stopped, standing.progress.files, standing.progress.left) == (True, 1, 1)
    [(file, reason)] = moves.reasons(store, standing.progress.named)
    assert (file, "it is too sad" in reason) == (files[1], True)
    again = moves.begin(moves.survey(wanted, bench.deployment.models, unwatched).candidates)[store]
    assert moves.standing(store, move).ended
    assert moves.standing(store, again).progress is None
