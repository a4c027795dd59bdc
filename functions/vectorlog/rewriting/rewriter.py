"""The port of what rewrites queries, and the rewriter that needs no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vectorlog.rewriting.plain import rewritten


class Rewriter(Protocol):
    """Rewrites queries so that they say only what is looked for."""

    def rewrite(self, queries: Sequence[str], request: str) -> list[str]:
        """Returns what to search for, for each query; never a blank text. `request` is the request's id, for the log.

        A rewriter that cannot do its work returns what the fixed rules give, and never raises.
        """
        ...


class PlainRewriter:
    """Rewrites by fixed rules."""

    def rewrite(self, queries: Sequence[str], request: str) -> list[str]:  # noqa: ARG002  # the port's arguments
        """See Rewriter."""
        return [rewritten(query) for query in queries]
