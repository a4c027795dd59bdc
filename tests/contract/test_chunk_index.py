"""The promises of every chunk index. An adapter joins by a line in `OPENERS`."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from tests.support import opensearch_local
from vectorlog.domain.filters import Attributes, Comparison, Compound, Filter
from vectorlog.domain.location import Location
from vectorlog.domain.vectors import Chunk, Frame, Space, Vector
from vectorlog.index.chunk_index import ChunkIndex, FileChunks, Hit, Part, Query, SearchResult
from vectorlog.index.embedded.index import LocalIndex
from vectorlog.index.embedded.tending import Sizes
from vectorlog.use_cases.confirmed import MOST_HITS, MOST_LOOKED_UP

SPACE = Space("test:model", 8)
Opener = Callable[[Path], ChunkIndex]
OPENERS: Mapping[str, Opener] = {
    "local": LocalIndex,
    "local, large": lambda folder: LocalIndex(folder, sizes=Sizes(exact=2, full=2)),  # in segments, with files
    "opensearch": opensearch_local.opened,
    "opensearch, partitioned": opensearch_local.opened_partitioned,
    "collection": opensearch_local.opened_collection,
}


@pytest.fixture(
    params=[
        "local",
        "local, large",
        *(
            pytest.param(name, marks=pytest.mark.aws)
            for name in ("opensearch", "opensearch, partitioned", "collection")
        ),
    ]
)
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[request.param]


@pytest.fixture
def index(opener: Opener, tmp_path: Path) -> Iterator[ChunkIndex]:
    index = opener(tmp_path)
    yield index
    index.close()


def unit(*parts: float) -> Vector:
    """The unit vector in this direction; other components are 0."""
    length = math.hypot(*parts)
    return array("f", [part / length for part in parts] + [0.0] * (SPACE.dimensions - len(parts)))


X, Y, Z = unit(1), unit(0, 1), unit(0, 0, 1)


def towards(cosine: float) -> Vector:
    """A unit vector with this cosine to X."""
    return unit(cosine, math.sqrt(1 - cosine**2))


def file(
    name: str,
    *chunks: tuple[str, Vector],
    store: str = "s",
    generation: int = 0,
    revision: int = 0,
    attributes: Attributes | None = None,
    row: str = "row",
    first: int = 0,
) -> FileChunks:
    """A file whose chunks have one window each."""
    made = tuple(Chunk(n, text, (vector,)) for n, (text, vector) in enumerate(chunks, first))
    return FileChunks(store, name, generation, row, revision, attributes or {}, made)


def ask(
    index: ChunkIndex,
    *,
    vector: Vector | None = None,
    text: str | None = None,
    limit: int = 10,
    store: str = "s",
    where: Filter | None = None,
    serving: Mapping[str, Part | None] | None = None,
) -> SearchResult:
    """The answer to one query."""
    (found,) = index.search(SPACE, [Query(store, vector, text, limit, where, serving or {})])
    return found


def names(hits: Sequence[Hit]) -> list[str]:
    return [hit.file for hit in hits]


def contents(found: SearchResult) -> list[list[tuple[str, int, int, str]]]:
    """The hits without scores, which may differ between equal states by what an index has not cleaned up yet."""
    return [[(hit.file, hit.generation, hit.n, hit.text) for hit in hits] for hits in (found.by_vector, found.by_text)]


class TestSearch:
    def test_nothing_is_found_where_nothing_is(self, index: ChunkIndex) -> None:
        """A store without any writes answers like an empty one."""
        assert ask(index, vector=X, text="anything") == SearchResult((), (), 0.0)
        assert index.count(SPACE, "s") == {}

    def test_what_was_added_is_found(self, index: ChunkIndex) -> None:
        """The search after an add finds the chunk with all of its fields."""
        index.add(SPACE, [file("f", ("Foxes jump.", X), generation=3, row="row-7")])
        found = ask(index, vector=X, text="fox")
        (by_vector,), (by_text,) = found.by_vector, found.by_text
        for hit in (by_vector, by_text):
            assert (hit.file, hit.generation, hit.row, hit.n, hit.text) == ("f", 3, "row-7", 0, "Foxes jump.")
        assert by_vector.cosine == pytest.approx(1, abs=2e-3)
        assert by_text.bm25 is not None
        assert 0 < by_text.bm25 <= found.bm25_bound
        assert index.count(SPACE, "s") == {("f", 3): 1}

    def test_hits_say_where_they_are(self, index: ChunkIndex) -> None:
        """A hit has the location with which its chunk was added last, whatever its text; without one it has none."""
        where = Location(7, 19, 2, 3, "Preise „neu“", ("Guide", "Pümps"))
        chunks = [
            Chunk(0, "red fox", (X,), where),
            Chunk(1, "red fox", (X,)),
            Chunk(2, "red fox", (X,), Location(0, 5)),
        ]
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, tuple(chunks))])
        found = ask(index, vector=X, text="fox")
        for hits in (found.by_vector, found.by_text):
            assert {hit.n: hit.location for hit in hits} == {0: where, 1: None, 2: Location(0, 5)}
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, (Chunk(1, "red fox", (X,), where),))])
        assert {hit.location for hit in ask(index, text="fox").by_text if hit.n < 2} == {where}

    def test_a_frame_is_searched_and_what_is_shown_of_it_returned(self, index: ChunkIndex) -> None:
        """Words of a frame find its chunk, in whichever window; a hit's text is the passage between what is shown."""
        frame = Frame("Prices › Malta\n\n", "\n```", "tariff_2031.csv\ntariff 2031")
        chunks = (Chunk(0, "red fox", (X, Y), None, frame), Chunk(1, "red fox", (Z,)))
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, chunks)])
        shown = "Prices › Malta\n\nred fox\n```"
        for word in ("fox", "malta", "tariff", "2031"):
            found = {hit.n: hit.text for hit in ask(index, text=word).by_text}
            assert found == ({0: shown, 1: "red fox"} if word == "fox" else {0: shown}), word
        assert {hit.n: hit.text for hit in ask(index, vector=Y).by_vector} == {0: shown, 1: "red fox"}
        changed = Chunk(0, "red fox", (X, Y), None, Frame(words="other"))
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, (changed,))])
        assert [hit.text for hit in ask(index, text="other").by_text] == ["red fox"]
        assert not ask(index, text="malta").by_text

    def test_equal_scores(self, index: ChunkIndex) -> None:
        """Equal chunks are in the order of their files in the list, whatever the files' ids, and then by n."""
        rows = {"file-c": "row 1", "file-a": "row 2", "file-b": "row 3"}
        index.add(SPACE, [file(name, ("red fox", X), ("red fox", X), row=row) for name, row in rows.items()])
        found = ask(index, vector=X, text="fox")
        for hits in (found.by_vector, found.by_text):
            assert [(hit.file, hit.n) for hit in hits] == [(name, n) for name in rows for n in (0, 1)]

    def test_what_the_query_itself_would_score(self, index: ChunkIndex, request: pytest.FixtureRequest) -> None:
        """A text that is the query scores about `bm25_same`, which is within the bound, in a file with a usual name."""
        if request.node.callspec.id == "opensearch, partitioned":
            pytest.skip("knows the mean length of one shard's texts only (index/opensearch/partitioned.py)")
        texts = ["red foxes jump over the lazy dog", "a dog", "red wine and a red table for seven", "one two three"]
        names = Frame(words="annual report 2031")
        for place, text in enumerate(texts):
            index.add(SPACE, [FileChunks("s", f"f{place}", 0, "row", 0, {}, (Chunk(0, text, (X,), None, names),))])
        for place, text in enumerate(texts):
            found = ask(index, text=text)
            best = next(hit for hit in found.by_text if hit.file == f"f{place}")
            assert found.bm25_same == pytest.approx(best.bm25, rel=0.02)
            assert 0 < found.bm25_same <= found.bm25_bound
        assert ask(index, text="unheard").bm25_same == 0

    def test_best_come_first(self, index: ChunkIndex) -> None:
        """Hits come in descending score, up to the limit."""
        cosines = [0.1, 0.9, -0.5, 0.7, 0.3]
        index.add(SPACE, [file(f"f{i}", ("x", towards(cosine))) for i, cosine in enumerate(cosines)])
        hits = ask(index, vector=X, limit=4).by_vector
        assert names(hits) == ["f1", "f3", "f4", "f0"]
        assert [hit.cosine for hit in hits] == pytest.approx([0.9, 0.7, 0.3, 0.1], abs=2e-3)

    def test_words_rank_as_bm25_ranks_them(self, index: ChunkIndex) -> None:
        """A rare word counts more than a common one, two occurrences more than one, and a short text more than a long
        one.
        """
        long = "zebra " + "filler " * 30
        texts = ["zebra zebra common", "zebra common common", long + "common", "common words", "common things"]
        index.add(SPACE, [file(f"f{i}", (text, Y)) for i, text in enumerate(texts)])
        hits = ask(index, text="zebra").by_text
        assert names(hits) == ["f0", "f1", "f2"]
        both = ask(index, text="zebra common")
        scores = {hit.file: hit.bm25 or 0.0 for hit in both.by_text}
        assert len(scores) == 5
        assert max(scores["f3"], scores["f4"]) < scores["f0"] <= both.bm25_bound

    def test_words_match_by_their_stems(self, index: ChunkIndex) -> None:
        """Plurals, possessives and case do not prevent a match; stop words and unknown words find nothing."""
        index.add(SPACE, [file("f", ("The company's RUNNERS", X))])
        for query in ("companies", "runner", "Company's"):
            assert names(ask(index, text=query).by_text) == ["f"]
        for query in ("the", "elephant", "", "?!"):
            assert ask(index, text=query) == SearchResult((), (), 0.0)

    def test_a_misspelt_word(self, index: ChunkIndex) -> None:
        """A word that no text has is read as the one that was probably meant, and as nothing if there is none."""
        index.add(SPACE, [file("f", ("The room is released", X)), file("g", ("A bicycle for the way", Y))])
        for query in ("relesed", "reelased", "realeased"):
            assert names(ask(index, text=query).by_text) == ["f"]
        assert names(ask(index, text="bicycel relased").by_text) == ["f", "g"]
        assert ask(index, text="bleased").by_text == ()
        whole, half = ask(index, text="room released"), ask(index, text="room elephants")
        assert half.bm25_bound > whole.bm25_bound / 2 > (half.by_text[0].bm25 or 0.0)

    def test_one_kind_alone(self, index: ChunkIndex) -> None:
        """A query without a vector or without text gets an empty list for it."""
        index.add(SPACE, [file("f", ("fox", X))])
        assert ask(index, vector=X).by_text == ()
        assert ask(index, text="fox").by_vector == ()

    def test_best_window_counts(self, index: ChunkIndex) -> None:
        """A chunk of several windows comes back once, with the cosine of its best window."""
        chunks = (Chunk(0, "long", (Y, Z, towards(0.8))), Chunk(1, "short", (towards(0.5),)), Chunk(2, "other", (Z, Y)))
        index.add(SPACE, [FileChunks("s", "f", 0, "row", 0, {}, chunks)])
        hits = ask(index, vector=X).by_vector
        assert [hit.n for hit in hits] == [0, 1, 2]
        assert [hit.cosine for hit in hits] == pytest.approx([0.8, 0.5, 0], abs=2e-3)

    def test_several_queries_in_order(self, index: ChunkIndex) -> None:
        """Each query of a request gets its own answer, in the order of the queries, even for different stores."""
        index.add(SPACE, [file("f", ("fox", X)), file("g", ("dog", Y)), file("h", ("cat", X), store="t")])
        answers = index.search(
            SPACE, [Query("s", Y, None, 1), Query("t", X, None, 1), Query("s", X, None, 1), Query("none", X, None, 1)]
        )
        assert [names(answer.by_vector) for answer in answers] == [["g"], ["h"], ["f"], []]

    def test_files_can_be_left_out(self, index: ChunkIndex) -> None:
        """Files of which nothing serves do not come back, and others fill their places."""
        index.add(SPACE, [file(f"f{i}", ("fox", towards(0.9 - i / 10))) for i in range(4)])
        found = ask(index, vector=X, text="fox", limit=2, serving={"f0": None, "f2": None, "unknown": None})
        assert names(found.by_vector) == ["f1", "f3"]
        assert sorted(names(found.by_text)) == ["f1", "f3"]

    def test_only_what_serves_of_a_file(self, index: ChunkIndex) -> None:
        """Of a file with a serving part, only its first chunks of that generation come back; other files are not
        restricted.
        """
        chunks = [("fox", towards(0.9)), ("fox", towards(0.8)), ("fox", towards(0.7))]
        for generation in range(3):
            index.add(SPACE, [file(name, *chunks, generation=generation) for name in ("f", "g", "h")])
        serving = {"f": Part(1, 2), "g": Part(2, 1), "h": None, "unknown": Part(7, 7)}
        for where in (None, Comparison("ne", "k", 1)):
            found = ask(index, vector=X, text="fox", limit=20, serving=serving, where=where)
            for hits in (found.by_vector, found.by_text):
                assert sorted((hit.file, hit.generation, hit.n) for hit in hits) == [
                    ("f", 1, 0),
                    ("f", 1, 1),
                    ("g", 2, 0),
                ]
        nothing = ask(index, vector=X, text="fox", serving=serving, where=Comparison("eq", "k", 1))
        assert (nothing.by_vector, nothing.by_text) == ((), ())

    def test_thousands_of_files_can_be_left_out(self, index: ChunkIndex) -> None:
        """What serves of as many files as one search looks up can be told, each with another generation, when as many
        hits are asked for as one search does.
        """
        index.add(SPACE, [file(f"f{i}", ("fox", towards(0.9 - i / 10)), generation=i) for i in range(4)])
        told = {f"f{i}": None if i % 2 else Part(i, 1) for i in range(MOST_LOOKED_UP)}
        found = ask(index, vector=X, text="fox", limit=MOST_HITS, serving=told)
        assert names(found.by_vector) == ["f0", "f2"]
        assert sorted(names(found.by_text)) == ["f0", "f2"]


class TestFilters:
    FILES: Mapping[str, Attributes] = {
        "one": {"k": 1},
        "float": {"k": 1.0},
        "two": {"k": 2.5},
        "true": {"k": True},
        "a": {"k": "a"},
        "b": {"k": "b"},
        "digit": {"k": "1"},
        "none": {"other": 1},
    }

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            (Comparison("eq", "k", 1), {"one", "float"}),
            (Comparison("eq", "k", True), {"true"}),
            (Comparison("eq", "k", "1"), {"digit"}),
            (Comparison("ne", "k", 1), {"two", "true", "a", "b", "digit", "none"}),
            (Comparison("gt", "k", 1), {"two"}),
            (Comparison("gte", "k", 1), {"one", "float", "two"}),
            (Comparison("lt", "k", 2.5), {"one", "float"}),
            (Comparison("lte", "k", 2.5), {"one", "float", "two"}),
            (Comparison("gt", "k", "a"), {"b"}),
            (Comparison("lte", "k", "a"), {"a", "digit"}),
            (Comparison("in", "k", ("a", 1)), {"a", "one", "float"}),
            (Comparison("nin", "k", ("a", 1)), {"two", "true", "b", "digit", "none"}),
            (Comparison("eq", "missing", 1), set()),
            (Comparison("ne", "missing", 1), set(FILES)),
            (Compound("and", (Comparison("gte", "k", 1), Comparison("lt", "k", 2))), {"one", "float"}),
            (Compound("or", (Comparison("eq", "k", "a"), Comparison("eq", "other", 1))), {"a", "none"}),
            (
                Compound(
                    "and",
                    (Comparison("ne", "k", 1), Compound("or", (Comparison("gt", "k", 0), Comparison("eq", "k", "b")))),
                ),
                {"two", "b"},
            ),
        ],
    )
    def test_every_operator(self, index: ChunkIndex, condition: Filter, expected: set[str]) -> None:
        """Filters compare by value and by type: 1 is 1.0, and neither is true or "1"; without the key only ne and nin
        match.
        """
        index.add(SPACE, [file(name, ("fox", X), attributes=attributes) for name, attributes in self.FILES.items()])
        found = ask(index, vector=X, text="fox", where=condition)
        assert set(names(found.by_vector)) == expected
        assert set(names(found.by_text)) == expected

    def test_filter_comes_before_the_best(self, index: ChunkIndex) -> None:
        """A filter that few files pass still fills the limit, even if those files are the worst."""
        files = [file(f"good{i}", ("fox fox", X), attributes={"kind": "good"}) for i in range(40)]
        files += [
            file(f"rare{i}", ("fox and many other words of no use", towards(i / 100)), attributes={"kind": "rare"})
            for i in range(3)
        ]
        index.add(SPACE, files)
        found = ask(index, vector=X, text="fox", limit=3, where=Comparison("eq", "kind", "rare"))
        assert names(found.by_vector) == ["rare2", "rare1", "rare0"]
        assert set(names(found.by_text)) == {"rare0", "rare1", "rare2"}

    def test_a_filter_that_nothing_passes(self, index: ChunkIndex) -> None:
        """A filter that nothing passes finds nothing, and is no error."""
        index.add(SPACE, [file("f", ("fox", X))])
        found = ask(index, vector=X, text="fox", where=Comparison("eq", "k", "v"))
        assert (found.by_vector, found.by_text) == ((), ())


class TestReplace:
    def test_adding_twice_changes_nothing(self, index: ChunkIndex) -> None:
        """Redelivery leaves one chunk, not two, and the same scores."""
        once = file("f", ("fox", X), ("dog", Y))
        index.add(SPACE, [once])
        before = contents(ask(index, vector=X, text="fox fox dog"))
        index.add(SPACE, [once])
        index.add(SPACE, [once, once])
        assert contents(ask(index, vector=X, text="fox fox dog")) == before
        assert index.count(SPACE, "s") == {("f", 0): 2}

    def test_other_content_takes_the_place(self, index: ChunkIndex) -> None:
        """A chunk that is added again with another text and vector is found by these, and no longer by the old ones."""
        index.add(SPACE, [file("f", ("fox", X), ("bird", Z))])
        index.add(SPACE, [file("f", ("dog", Y))])
        assert ask(index, text="fox").by_text == ()
        assert [hit.text for hit in ask(index, vector=Y, limit=1).by_vector] == ["dog"]
        assert sorted(hit.text for hit in ask(index, vector=X).by_vector) == ["bird", "dog"]
        assert index.count(SPACE, "s") == {("f", 0): 2}

    def test_last_of_one_call_wins(self, index: ChunkIndex) -> None:
        """If one call names a chunk twice, its last form stays."""
        index.add(SPACE, [file("f", ("fox", X)), file("f", ("dog", Y))])
        assert [hit.text for hit in ask(index, vector=X).by_vector] == ["dog"]

    def test_parts_of_a_large_file_add_up(self, index: ChunkIndex) -> None:
        """A file may arrive in several calls."""
        index.add(SPACE, [file("f", ("fox", X), ("dog", Y))])
        index.add(SPACE, [file("f", ("cat", Z), first=2)])
        assert {hit.n: hit.text for hit in ask(index, vector=X).by_vector} == {0: "fox", 1: "dog", 2: "cat"}

    def test_retag(self, index: ChunkIndex) -> None:
        """The same chunks with newer attributes are found by these immediately, for all chunks of the file, and never
        by the old ones.
        """
        index.add(SPACE, [file("f", ("fox", X), ("dog", Y), attributes={"k": "old"}, row="r1")])
        index.add(SPACE, [file("f", ("fox", X), ("dog", Y), attributes={"k": "new"}, row="r2", revision=1)])
        assert ask(index, vector=X, where=Comparison("eq", "k", "old")).by_vector == ()
        hits = ask(index, vector=X, where=Comparison("eq", "k", "new")).by_vector
        assert [(hit.text, hit.row) for hit in hits] == [("fox", "r2"), ("dog", "r2")]
        assert index.count(SPACE, "s") == {("f", 0): 2}

    def test_retag_at_once(self, index: ChunkIndex) -> None:
        """An index that can, gives a generation other attributes without its chunks: they hold for those that it has
        and for those that arrive later with older attributes. One that cannot says so, and changes nothing.
        """
        index.add(SPACE, [file("f", ("fox", X), attributes={"k": "old"}), file("f", ("fox", X), generation=1)])
        can = index.retag(SPACE, file("f", attributes={"k": "new"}, revision=2))
        assert index.retag(SPACE, file("g", attributes={"k": "new"}, revision=2)) is can
        index.retag(SPACE, file("f", attributes={"k": "late"}, revision=1))
        index.add(SPACE, [file("f", ("cat", X), attributes={"k": "old"}, first=1), file("g", ("dog", X))])
        by_old, by_new = (
            ask(index, vector=X, where=Comparison("eq", "k", value)).by_vector for value in ("old", "new")
        )
        assert {hit.text for hit in by_new} == ({"fox", "cat", "dog"} if can else set())
        assert {hit.text for hit in by_old} == (set() if can else {"fox", "cat"})
        assert index.count(SPACE, "s") == {("f", 0): 2, ("f", 1): 1, ("g", 0): 1}

    def test_older_attributes_never_win(self, index: ChunkIndex) -> None:
        """A late message with a lower revision does not bring back old attributes."""
        index.add(SPACE, [file("f", ("fox", X), attributes={"k": "new"}, revision=5)])
        index.add(SPACE, [file("f", ("fox", X), attributes={"k": "old"}, revision=4)])
        assert names(ask(index, vector=X, where=Comparison("eq", "k", "new")).by_vector) == ["f"]
        assert ask(index, vector=X, where=Comparison("eq", "k", "old")).by_vector == ()

    def test_generations_stand_side_by_side(self, index: ChunkIndex) -> None:
        """Two generations of a file have separate chunks and attributes, until one is removed."""
        index.add(
            SPACE,
            [file("f", ("fox", X), attributes={"k": 1}), file("f", ("dog", X), generation=1, attributes={"k": 2})],
        )
        assert index.count(SPACE, "s") == {("f", 0): 1, ("f", 1): 1}
        (hit,) = ask(index, vector=X, where=Comparison("eq", "k", 2)).by_vector
        assert (hit.generation, hit.text) == (1, "dog")
        index.remove(SPACE, "s", "f", 0)
        assert [hit.generation for hit in ask(index, vector=X, text="fox dog").by_vector] == [1]


class TestRemove:
    def test_a_file(self, index: ChunkIndex) -> None:
        """A removed file is gone from every search that starts afterwards, with all of its generations; its neighbours
        stay.
        """
        index.add(SPACE, [file("f", ("fox", X)), file("f", ("fox", X), generation=1), file("g", ("fox", Y))])
        index.remove(SPACE, "s", "f")
        found = ask(index, vector=X, text="fox")
        assert names(found.by_vector) == names(found.by_text) == ["g"]
        assert index.count(SPACE, "s") == {("g", 0): 1}

    def test_a_store(self, index: ChunkIndex) -> None:
        """A removed store is empty, others are not affected, and it can be filled again."""
        index.add(SPACE, [file("f", ("fox", X)), file("g", ("fox", X), store="t")])
        assert not index.remove_store(SPACE, "s"), "nothing is left of so few chunks"
        assert ask(index, vector=X, text="fox") == SearchResult((), (), 0.0)
        assert names(ask(index, vector=X, store="t").by_vector) == ["g"]
        index.add(SPACE, [file("h", ("fox", X))])
        assert names(ask(index, vector=X).by_vector) == ["h"]

    def test_what_is_not_there(self, index: ChunkIndex) -> None:
        """Removing what does not exist is no error, once or twice."""
        index.remove(SPACE, "s", "f")
        index.remove_store(SPACE, "s")
        index.add(SPACE, [file("f", ("fox", X))])
        index.remove(SPACE, "s", "f", 7)
        index.remove(SPACE, "s", "g")
        assert index.count(SPACE, "s") == {("f", 0): 1}

    def test_a_removed_file_can_come_back(self, index: ChunkIndex) -> None:
        """A file that is added again after its removal has only its new chunks and attributes, whatever their
        revision.
        """
        index.add(SPACE, [file("f", ("fox", X), ("cat", Z), attributes={"k": 1}, revision=9)])
        index.remove(SPACE, "s", "f", 0)
        index.add(SPACE, [file("f", ("dog", X), attributes={"k": 2})])
        assert [hit.text for hit in ask(index, vector=X, where=Comparison("eq", "k", 2)).by_vector] == ["dog"]
        assert index.count(SPACE, "s") == {("f", 0): 1}

    def test_removed_words_no_longer_count(self, index: ChunkIndex) -> None:
        """Once a file is removed, a word that only it contained is unknown."""
        index.add(SPACE, [file("f", ("fox", X)), file("g", ("dog", X))])
        index.remove(SPACE, "s", "f")
        assert ask(index, text="fox").by_text == ()


class TestIsolation:
    def test_stores_do_not_see_each_other(self, index: ChunkIndex) -> None:
        """The same file in two stores answers in each with what that store holds."""
        index.add(
            SPACE, [file("f", ("fox", X), attributes={"k": 1}), file("f", ("dog", Y), store="t", attributes={"k": 2})]
        )
        assert [hit.text for hit in ask(index, vector=X, text="dog fox").by_vector] == ["fox"]
        assert [hit.text for hit in ask(index, vector=X, store="t", where=Comparison("eq", "k", 2)).by_vector] == [
            "dog"
        ]
        index.remove(SPACE, "t", "f")
        assert names(ask(index, vector=X).by_vector) == ["f"]

    def test_other_stores_do_not_change_a_ranking(self, index: ChunkIndex) -> None:
        """Whatever other stores hold, a word finds the same texts here, in the same order, with scores within their
        bound.
        """
        index.add(
            SPACE,
            [file("f", ("fox and fox", X)), file("g", ("a fox and dogs, trees and houses", X)), file("h", ("dog", X))],
        )
        before = ask(index, text="fox")
        index.add(SPACE, [file(f"f{i}", ("fox and a longer text", X), store="t") for i in range(30)])
        after = ask(index, text="fox")
        assert names(after.by_text) == names(before.by_text) == ["f", "g"]
        for found in (before, after):
            assert all(0 < (hit.bm25 or 0.0) <= found.bm25_bound for hit in found.by_text)

    def test_spaces_do_not_see_each_other(self, index: ChunkIndex) -> None:
        """Chunks of one model are not searched with vectors of another."""
        other = Space("test:other", 2)
        index.add(SPACE, [file("f", ("fox", X))])
        index.add(other, [FileChunks("s", "g", 0, "row", 0, {}, (Chunk(0, "fox", (array("f", [1, 0]),)),))])
        assert names(ask(index, vector=X).by_vector) == ["f"]
        (found,) = index.search(other, [Query("s", array("f", [1, 0]), "fox", 5)])
        assert names(found.by_vector) == names(found.by_text) == ["g"]
        index.remove_store(other, "s")
        assert index.count(SPACE, "s") == {("f", 0): 1}

    def test_a_call_may_span_stores(self, index: ChunkIndex) -> None:
        """Files of several stores in one call all arrive."""
        index.add(SPACE, [file(f"f{i}", ("fox", X), store=f"s{i % 5}") for i in range(20)])
        assert [sum(index.count(SPACE, f"s{i}").values()) for i in range(5)] == [4] * 5


class TestOverTime:
    def test_everything_is_there_after_a_restart(self, opener: Opener, tmp_path: Path) -> None:
        """Closing and opening again changes no answer: adds, replacements, attributes and removals persist."""
        index = opener(tmp_path)
        index.add(SPACE, [file(f"f{i}", (f"fox number{i}", towards(i / 10)), attributes={"k": i}) for i in range(8)])
        index.add(SPACE, [file("f3", ("dog", Y), attributes={"k": 30}, revision=1)])
        index.remove(SPACE, "s", "f4")
        index.add(SPACE, [file("f4", ("fox again", Z)), file("f5", ("fox", X), generation=1)])
        index.remove(SPACE, "s", "f5", 0)
        before, count = contents(ask(index, vector=X, text="fox dog number2")), index.count(SPACE, "s")
        index.close()
        index = opener(tmp_path)
        try:
            assert index.count(SPACE, "s") == count
            assert contents(ask(index, vector=X, text="fox dog number2")) == before
            assert names(ask(index, vector=X, where=Comparison("gt", "k", 6)).by_vector) == ["f7", "f3"]
        finally:
            index.close()

    def test_searches_beside_adds(self, index: ChunkIndex) -> None:
        """Eight threads that search while files are added and removed see consistent states: files that stay are always
        found, scores belong to their texts, and nothing that was removed before a search began comes back.
        """
        index.add(SPACE, [file("fixed", ("anchor", X), attributes={"keep": True})])
        stop, removed = Event(), set[str]()

        def search() -> int:
            rounds = 0
            while not stop.is_set() or not rounds:
                gone = frozenset(removed)
                found = ask(index, vector=X, text="anchor churn", limit=50)
                assert found.by_vector[0].file == "fixed"
                assert "fixed" in names(found.by_text)
                for hit in (*found.by_vector, *found.by_text):
                    assert hit.file not in gone
                    assert hit.text == ("anchor" if hit.file == "fixed" else f"churn {hit.file} {hit.n}")
                    assert hit.cosine is None or hit.cosine == pytest.approx(
                        1 if hit.file == "fixed" else 0.5, abs=2e-3
                    )
                assert names(ask(index, vector=X, where=Comparison("eq", "keep", True)).by_vector) == ["fixed"]
                rounds += 1
            return rounds

        with ThreadPoolExecutor(8) as threads:
            searches = [threads.submit(search) for _ in range(8)]
            try:
                for i in range(30):
                    index.add(SPACE, [file(f"f{i}", *((f"churn f{i} {n}", towards(0.5)) for n in range(3)))])
                    if i >= 10:
                        index.remove(SPACE, "s", f"f{i - 10}")
                        removed.add(f"f{i - 10}")
            finally:
                stop.set()
            assert all(each.result() for each in searches)
        assert sum(index.count(SPACE, "s").values()) == 31


def test_words_by_which_a_text_is_found(index: ChunkIndex) -> None:
    """An index says by which words queries find a text, in the form that the text has; it need not hold the text."""
    assert set(index.matched_words(["hunting owl", "Grosse"], "Owls hunt. Die Größe")) == {"Owls", "hunt", "Größe"}
    assert index.matched_words(["fox"], "Owls hunt.") == ()
