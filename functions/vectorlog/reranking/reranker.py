"""The port of rerankers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

MOST_TEXTS = 100
"""How many texts a reranker is given at most. A cross-encoder reads each together with the query, so cost and time grow
with them.
"""

FailureKind: TypeAlias = Literal["slow", "refused", "unusable"]
"""Why there are no scores: no answer in time; an endpoint that refused, or could not be reached; or an answer that has
not one score for each text.
"""


class RerankingError(Exception):
    """A reranker returned no scores; the message gives the reason for the log. `kind` is its kind."""

    def __init__(self, message: str, kind: FailureKind) -> None:
        super().__init__(message)
        self.kind: FailureKind = kind


class Reranker(Protocol):
    """A model that reads a query and a text together, and says how well the text answers it."""

    def rerank(self, queries: Sequence[str], texts: Sequence[str]) -> list[float]:
        """Returns the relevance of each text, 0..1, in the order of the texts: that to the query which it answers best.
        There are 1 to `MOST_TEXTS` texts, and at least one query.

        Raises:
            RerankingError: a query has no scores; those of the others are not used, because they alone would not rank.
        """
        ...
