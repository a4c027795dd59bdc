"""Finds the best chunks among those that serve, although the index also holds others.

The hits of the index are checked against rows and streams. If all of them serve, that is all. If not, the index is
asked again, and told what serves of the files whose hits were refused. So the answer is that of an index which holds
only what serves, and work grows with what does not serve, not with the store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import Unavailable
from vectorlog.domain.store_file import State
from vectorlog.domain.vectors import Space
from vectorlog.index.chunk_index import Part, Query, SearchResult
from vectorlog.index.fusion import RankedHit, Weights, fuse
from vectorlog.use_cases.per_file import spread
from vectorlog.use_cases.serving_parts import ServingParts

MOST_HITS = 1_000
"""Maximum number of hits that the index is asked for at once. OpenSearch compares 10,000 windows at most, and a chunk
may have ten.
"""
MOST_LOOKED_UP = 40_000
"""Maximum number of files with refused hits that the index is told about, times the number of queries. They are about 5
MB of a request to OpenSearch, of which small instances take 10.
"""
LONGEST_MS = 20_000
"""Time in ms after which a search that still finds refused hits ends; API Gateway would end it after 29 s."""

_TOO_MANY = (
    "So much was removed from this store a moment ago that its index is still busy removing it, and the search might "
    "miss results. Please repeat it later."
)


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A hit that serves, and the state of its file."""

    ranked: RankedHit
    state: State


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which hits are wanted: the best `limit` by these weights, with a score of at least `threshold`.

    Attributes:
        per_file: how many of them may be of one file; None for any number.
        impact: ranks by reciprocal rank fusion with this constant; None ranks by the scores.
    """

    limit: int
    weights: Weights
    threshold: float
    per_file: int | None = None
    impact: float | None = None

    @property
    def depth(self) -> int:
        """How many hits of each list are ranked."""
        return 2 * self.limit

    def ranked(self, found: Sequence[SearchResult]) -> list[RankedHit]:
        """Returns the hits of the fused lists that are good enough, by descending score: the best of them, or all if
        each of them counts, because which others are wanted depends on it.
        """
        most = self.depth if self.per_file is None and self.impact is None else None
        return [each for each in fuse(found, self.weights, most, self.impact) if each.score >= self.threshold]


def best(deployment: Deployment, space: Space, queries: Sequence[Query], wanted: Wanted) -> list[Confirmed]:
    """Returns the best chunks that serve, by descending score. The queries are of one store, with one filter; their
    limits are not used.

    Raises:
        Unavailable: more files have refused hits than `MOST_LOOKED_UP`, or they are found for longer than `LONGEST_MS`.
    """
    queries = [replace(query, limit=wanted.depth) for query in queries]
    known = ServingParts(deployment, queries[0].store, queries[0].filter)

    def ask(left_out: Sequence[str]) -> Sequence[SearchResult]:
        return _serving_answers(deployment, space, queries, wanted, known, left_out)

    found = ask(())
    if wanted.per_file is None:
        ranked = wanted.ranked(found)[: wanted.limit]
    else:
        ranked = spread(found, wanted.ranked, ask, limit=wanted.limit, most=wanted.per_file)
    states = ((each, known.states[each.hit.file]) for each in ranked)
    return [Confirmed(each, state) for each, state in states if state is not None]


def _serving_answers(
    deployment: Deployment,
    space: Space,
    queries: Sequence[Query],
    wanted: Wanted,
    known: ServingParts,
    left_out: Sequence[str],
) -> Sequence[SearchResult]:
    """Returns answers to the queries in which all hits that rank serve; the chunks of some files are left out."""
    without: dict[str, Part | None] = dict.fromkeys(left_out)
    found = deployment.index.search(space, [replace(query, serving=without) for query in queries])
    ranked = wanted.ranked(found)
    known.look_up([each.hit for each in ranked])
    if all(known.serves(each.hit) for each in ranked):
        return found
    return _asked_again(deployment, space, queries, found, known, without)


def _asked_again(
    deployment: Deployment,
    space: Space,
    queries: Sequence[Query],
    found: Sequence[SearchResult],
    known: ServingParts,
    without: Mapping[str, Part | None],
) -> list[SearchResult]:
    """Asks the index until each list has as many hits that serve as its query asks for, or all that there are; returns
    these hits. `found` are the answers to `queries`, without some files.
    """
    limit = asked = queries[0].limit
    told: dict[str, Part | None] = {}
    began = deployment.clock()
    while True:
        hits = [hit for each in found for hit in (*each.by_vector, *each.by_text)]
        known.look_up(hits, [file for file in told if known.may_change(file)])
        if known.store_is_gone:
            return []
        refused = [hit for hit in hits if not known.serves(hit)]
        # What has begun to serve since the index was asked may not have been complete in it.
        begun = [file for file, part in told.items() if known.parts[file] not in (part, None)]
        begun += [hit.file for hit in refused if known.is_replaced(hit)]
        serving = [_serving(each, known) for each in found]
        pairs = zip(found, serving, strict=True)
        if not begun and all(_is_complete(all_hits, kept, limit, asked) for all_hits, kept in pairs):
            return [replace(each, by_vector=each.by_vector[:limit], by_text=each.by_text[:limit]) for each in serving]
        told = {file: known.parts[file] for file in (*told, *(hit.file for hit in refused))}
        if len(told) * len(queries) > MOST_LOOKED_UP or deployment.clock() - began > LONGEST_MS:
            raise Unavailable(_TOO_MANY, retry_after=10)
        asked = min(4 * asked, MOST_HITS)
        serving_only = {**told, **without}
        found = deployment.index.search(space, [replace(query, limit=asked, serving=serving_only) for query in queries])


def _serving(found: SearchResult, known: ServingParts) -> SearchResult:
    """Returns the hits that serve."""
    by_vector, by_text = (tuple(hit for hit in hits if known.serves(hit)) for hits in (found.by_vector, found.by_text))
    return replace(found, by_vector=by_vector, by_text=by_text)


def _is_complete(found: SearchResult, serving: SearchResult, limit: int, asked: int) -> bool:
    """Whether each list has `limit` hits that serve, or all that there are, because the index had less than `asked`."""
    lists = ((found.by_vector, serving.by_vector), (found.by_text, serving.by_text))
    return all(len(kept) >= limit or len(hits) < asked for hits, kept in lists)
