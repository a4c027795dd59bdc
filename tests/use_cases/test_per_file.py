"""At most some results of one file, and as many results as there can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.bench import PROJECT, Bench
from vectorlog.domain.errors import Expired, NotFound
from vectorlog.index.chunk_index import Hit, SearchResult
from vectorlog.index.fusion import Weights, fuse
from vectorlog.use_cases import search, store_files
from vectorlog.use_cases.per_file import spread
from vectorlog.use_cases.search import Search

MEANING = Weights(1, 0)
DEPTH = 4


@given(
    st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 99)), max_size=40, unique=True),
    st.integers(1, 6),
    st.integers(1, 3),
)
def test_it_is_exact(chunks: list[tuple[str, int]], limit: int, most: int) -> None:
    """The results are the best of all chunks of which no more than that are of one file, although the index is asked
    for a few at a time.
    """
    hits = sorted(
        (Hit(file, 0, "row", n, "", 1 - n / 100, None) for file, n in chunks),
        key=lambda hit: (-(hit.cosine or 0), hit.file),
    )
    asked = 0

    def ask(left_out: Sequence[str]) -> list[SearchResult]:
        nonlocal asked
        asked += 1
        found = [hit for hit in hits if hit.file not in left_out][: max(DEPTH, 2 * limit)]
        return [SearchResult(tuple(found), (), 0.0)]

    def rank(found: Sequence[SearchResult]) -> list[Hit]:
        return fuse(found, MEANING, None)  # type: ignore[return-value]

    result = spread(ask(()), rank, ask, limit=limit, most=most)  # type: ignore[arg-type]
    counts: Counter[str] = Counter()
    expected = []
    for hit in hits:
        counts[hit.file] += 1
        if counts[hit.file] <= most:
            expected.append(hit)
    assert [each.hit for each in result] == expected[:limit]
    assert asked <= 2 + limit


def test_beside_removed_files(bench: Bench) -> None:
    """Results come from files that serve, even if the index still holds many chunks of others."""
    store = bench.store()
    crowd = bench.upload("alpha\n" * 60)
    gone = [bench.upload(f"alpha gone{n}\n" * 30) for n in range(3)]
    kept = [bench.upload(f"alpha beta{n} and gamma{n}") for n in range(3)]
    for file in (crowd, *gone, *kept):
        bench.attach(store, file)
    bench.pump.settle()
    for file in gone:
        store_files.detach(bench.deployment, PROJECT, store, file)
    found = search.search(bench.deployment, PROJECT, store, Search(("alpha",), limit=5, per_file=1)).results
    assert sorted(each.file for each in found) == sorted([crowd, *kept])
    found = search.search(bench.deployment, PROJECT, store, Search(("alpha",), limit=5, per_file=2)).results
    assert Counter(each.file for each in found) == {crowd: 2, **dict.fromkeys(kept, 1)}


def test_a_file_in_several_stores_counts_once(bench: Bench) -> None:
    """The limit holds for a file, in however many of the stores it is."""
    stores = [bench.store() for _ in range(3)]
    shared, other = bench.upload("alpha\nalpha"), bench.upload("alpha and omega")
    for store in stores:
        bench.attach(store, shared)
    bench.attach(stores[0], other)
    bench.pump.settle()
    asked = Search(("alpha",), limit=5, per_file=1)
    found = search.search_several(bench.deployment, PROJECT, stores, asked).results
    assert [each.file for each in found] == [shared, other]


def test_an_expired_store(bench: Bench) -> None:
    """A search of several stores is refused if one of them has expired, or does not exist."""
    stores = [bench.store(), bench.store(expires_after_days=1)]
    bench.clock.advance(2 * 86_400_000)
    with pytest.raises(Expired, match=stores[1]):
        search.search_several(bench.deployment, PROJECT, stores, Search(("alpha",)))
    with pytest.raises(NotFound) as refused:
        search.search_several(bench.deployment, PROJECT, [stores[0], "vs_0"], Search(("alpha",)))
    assert refused.value.param == "vector_store_ids"
