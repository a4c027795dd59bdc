from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorlog.index.chunk_index import Hit, SearchResult
from vectorlog.index.fusion import RankedHit, Weights, fuse

BOTH = Weights(0.5, 0.5)


def hit(file: str, cosine: float | None = None, bm25: float | None = None, n: int = 0, generation: int = 0) -> Hit:
    return Hit(file, generation, "row", n, f"text of {file}", cosine, bm25)


def scores(ranked: list[RankedHit]) -> dict[str, float]:
    return {each.hit.file: round(each.score, 6) for each in ranked}


class TestScore:
    def test_meaning_alone(self) -> None:
        """Without weight for words the score is (1 + cosine) / 2."""
        found = SearchResult((hit("a", 1.0, 9.0), hit("b", 0.0, 9.0), hit("c", -1.0, 9.0)), (), 10.0)
        assert scores(fuse([found], Weights(1, 0), 9)) == {"a": 1.0, "b": 0.5, "c": 0.0}

    def test_words_alone(self) -> None:
        """Without weight for meaning it is (1 + bm25 / bound) / 2."""
        found = SearchResult((), (hit("a", None, 10.0), hit("b", None, 5.0)), 10.0)
        assert scores(fuse([found], Weights(0, 3), 9)) == {"a": 1.0, "b": 0.75}

    def test_the_text_of_the_query(self) -> None:
        """A text with exactly the query's words matches them by 0.95, less and more of them in proportion."""
        texts = (hit("more", None, 10.0), hit("same", None, 6.0), hit("half", None, 3.0), hit("beyond", None, 12.0))
        found = SearchResult((), texts, 10.0, 6.0)
        expected = {"same": 0.975, "half": 0.7375, "more": 1.0, "beyond": 1.0}
        assert scores(fuse([found], Weights(0, 1), 9)) == pytest.approx(expected)

    @pytest.mark.parametrize("same", [0.0, 10.0, 11.0])
    def test_no_room_above_the_query(self, same: float) -> None:
        """Where the query's own text would reach the bound, or is unknown, the bound alone counts."""
        found = SearchResult((), (hit("a", None, 5.0),), 10.0, same)
        assert scores(fuse([found], Weights(0, 1), 9)) == {"a": 0.75}

    @given(st.lists(st.floats(0.01, 10), min_size=2, max_size=8, unique=True), st.floats(0, 10))
    def test_words_keep_their_order(self, bm25: list[float], same: float) -> None:
        """Whatever the query's own text would score, a higher BM25 never scores lower."""
        ordered = sorted(bm25, reverse=True)
        found = SearchResult(
            (), tuple(hit(f"{place:02}", None, score) for place, score in enumerate(ordered)), 10.0, same
        )
        ranked = fuse([found], Weights(0, 1), 9)
        assert [each.hit.bm25 for each in ranked] == ordered

    def test_by_rank(self) -> None:
        """Reciprocal rank fusion looks at places only: 1 for what is first in both lists."""
        a, b, c = hit("a", 0.9, 1.0), hit("b", 0.2, 9.0), hit("c", 0.1, None)
        found = SearchResult((a, c, b), (a, b), 10.0)
        ranked = fuse([found], BOTH, None, impact=60)
        assert scores(ranked) == {
            "a": 1.0,
            "b": round((61 / 63 + 61 / 62) / 2, 6),
            "c": round(61 / 62 / 2, 6),
        }
        assert scores(fuse([found], Weights(3, 1), 1, impact=1)) == {"a": 1.0}

    def test_both_by_weight(self) -> None:
        """Weights count by their ratio."""
        found = SearchResult((hit("a", 0.5, 5.0),), (hit("a", 0.5, 5.0),), 10.0)
        assert scores(fuse([found], Weights(3, 1), 9)) == {"a": 0.75}
        assert scores(fuse([SearchResult((hit("a", 0.6, 0.0),), (), 10.0)], Weights(3, 1), 9)) == {"a": 0.725}

    def test_no_known_word(self) -> None:
        """If the store knows none of the words, they are unrelated, which is 0.5."""
        assert scores(fuse([SearchResult((hit("a", 1.0, 0.0),), (), 0.0)], BOTH, 9)) == {"a": 0.75}

    def test_scores_that_the_index_did_not_compute(self) -> None:
        """A missing cosine is the lowest one returned, a missing BM25 is 0."""
        found = SearchResult((hit("a", 0.9), hit("b", 0.4)), (hit("c", None, 10.0),), 10.0)
        assert scores(fuse([found], BOTH, 9)) == {"a": 0.725, "b": 0.6, "c": 0.85}

    @pytest.mark.parametrize(("embedding", "text"), [(0, 0), (-1, 2), (1, -0.1)])
    def test_weights_must_mean_something(self, embedding: float, text: float) -> None:
        """Negative weights, or only zeros, are refused."""
        with pytest.raises(ValueError, match="Weights"):
            Weights(embedding, text)


class TestRanking:
    def test_each_chunk_once(self) -> None:
        """A chunk in both lists occurs once; other chunks and generations of its file occur too."""
        same = hit("a", 0.5, 5.0)
        ranked = fuse(
            [SearchResult((same, hit("a", 0.5, 5.0, n=1)), (same, hit("a", 0.5, 5.0, generation=1)), 10.0)], BOTH, 9
        )
        assert [(each.hit.generation, each.hit.n) for each in ranked] == [(0, 0), (0, 1), (1, 0)]

    def test_best_over_several_queries(self) -> None:
        """With several queries a chunk has the score of its best query."""
        ranked = fuse(
            [SearchResult((hit("a", 0.2), hit("b", 0.1)), (), 0), SearchResult((hit("b", 0.8), hit("a", 0.1)), (), 0)],
            Weights(1, 0),
            9,
        )
        assert scores(ranked) == {"b": 0.9, "a": 0.6}
        assert [each.hit.file for each in ranked] == ["b", "a"]

    def test_limit_and_ties(self) -> None:
        """At most `limit` are returned; equal scores are in order of file and n."""
        hits = (hit("b", 0.5), hit("a", 0.5, n=1), hit("c", 0.9), hit("a", 0.5))
        ranked = fuse([SearchResult(hits, (), 0)], Weights(1, 0), 3)
        assert [(each.hit.file, each.hit.n) for each in ranked] == [("c", 0), ("a", 0), ("a", 1)]

    def test_ties_stay_when_files_are_uploaded_again(self) -> None:
        """Equal scores are in the order of the store's list, whatever the files' ids."""
        hits = (Hit("file-z", 1, "row 1", 0, "", 0.5, None), Hit("file-a", 1, "row 2", 0, "", 0.5, None))
        for found in (hits, hits[::-1]):
            ranked = fuse([SearchResult(found, (), 0)], Weights(1, 0), 3)
            assert [each.hit.file for each in ranked] == ["file-z", "file-a"]

    def test_nothing_from_nothing(self) -> None:
        """Without queries or hits the ranking is empty."""
        assert fuse([], BOTH, 5) == []
        assert fuse([SearchResult((), (), 0.0)], BOTH, 5) == []

    @given(
        st.lists(
            st.tuples(st.sampled_from("abcdef"), st.none() | st.floats(-1, 1), st.none() | st.floats(0, 8)), max_size=12
        ),
        st.floats(0, 1),
        st.integers(1, 8),
    )
    def test_always_a_ranking(
        self, drawn: list[tuple[str, float | None, float | None]], weight: float, limit: int
    ) -> None:
        """For any result, scores are in 0..1 and descending, and no chunk occurs twice."""
        hits = tuple(hit(*each) for each in drawn)
        ranked = fuse([SearchResult(hits, hits[::-1], 8.0)], Weights(weight, 1 - weight), limit)
        values = [each.score for each in ranked]
        assert all(0 <= value <= 1 for value in values)
        assert values == sorted(values, reverse=True)
        assert len({each.hit.file for each in ranked}) == len(ranked) == min(limit, len({each.file for each in hits}))
