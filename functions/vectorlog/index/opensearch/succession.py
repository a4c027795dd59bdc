"""Indexes in OpenSearch that are filled to take the place of those that serve, and take it in one step."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from vectorlog.domain.vectors import Space
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.opensearch.documents import documents
from vectorlog.index.opensearch.errors import NoIndex
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import Json, alias, index_body, successor

GRACE_S = 30.0
"""How long an index stays when another has taken its place: a search that was on its way to it has ended by then (9 s),
and API Gateway has given up whoever waited for one (29 s). A write that comes too late goes to the other one by itself.
"""

_NOT_FOUND = 404


class Succession:
    """A successor for the index of each of these spaces: begun, filled, switched to, and then the old ones are dropped.

    From `begin` on whoever adds to a space or removes from it does so in both of its indexes, as `OpenSearchIndex` sees
    by itself. One that dies may be begun again at any time. Until `switch` the old ones serve as if nothing were going
    on.

    Args:
        index: as it serves; its layout is that of the new ones.
        spaces: those of the stores that there are.
        sleep: waits so many seconds, before old indexes are dropped.
    """

    def __init__(
        self, index: OpenSearchIndex, spaces: Sequence[Space], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._index = index
        self._spaces = tuple(spaces)
        self._sleep = sleep
        self._made: dict[Space, str] = {}

    def takes(self, space: Space) -> bool:
        """Whether there is a successor for this space. One that a store was first made with after `begin` needs
        none.
        """
        return space in self._spaces

    def begin(self) -> None:
        """Makes the successors; what an earlier try left behind goes."""
        for space in self._spaces:
            name = alias(space, self._index.layout)
            serving = self._under(name)
            if not serving:
                self._index.create(space)
                serving = self._under(name)
            there = self._of(name)
            self._drop(there.keys() - serving)
            number = max(there.values(), default=1) + 1  # a name that nobody else's has had, so `switch` knows its own
            self._made[space] = f"{name}-{number}"
            self._index.request(
                "PUT", f"/{self._made[space]}", {}, index_body(space, self._index.layout, successor(name))
            )

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """Adds chunks to the successor, where searches find them from `switch` on.

        Raises:
            NoIndex: somebody else began once more, or switched.
        """
        self._index.write(documents(files), successor(alias(space, self._index.layout)), "false")

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """Takes a generation of a file (None: all of them) out of both."""
        self._index.remove(space, store, file, generation)

    def remove_store(self, space: Space, store: str) -> None:
        """Takes everything of a store out of both."""
        self._index.remove_store(space, store)

    def switch(self) -> None:
        """Puts the successors in the others' place, all of them at once.

        Raises:
            NoIndex: somebody else began once more, or switched; nothing was changed.
        """
        actions: list[Json] = []
        for space, made in self._made.items():
            name = alias(space, self._index.layout)
            if made not in self._under(successor(name)):
                raise NoIndex(made)
            self._index.request("POST", f"/{made}/_refresh", {})
            actions += [{"remove": {"index": each, "alias": name}} for each in sorted(self._under(name))]
            actions += [{"add": {"index": made, "alias": name}}, {"remove": {"index": made, "alias": successor(name)}}]
        if actions:
            self._index.request("POST", "/_aliases", {}, {"actions": actions})

    def drop(self) -> None:
        """Deletes the indexes whose place was taken, once nothing is on its way to them any more."""
        self._sleep(GRACE_S)
        for space in self._spaces:
            name = alias(space, self._index.layout)
            self._drop(self._of(name).keys() - self._under(name) - self._under(successor(name)))

    def _drop(self, names: set[str]) -> None:
        for name in sorted(names):
            self._index.request("DELETE", f"/{name}", {}, ignore=(_NOT_FOUND,))

    def _under(self, name: str) -> set[str]:
        """The indexes under an alias."""
        answer = self._index.request("GET", f"/{self._index.layout.prefix}-*/_alias/{name}", {}, ignore=(_NOT_FOUND,))
        return set() if "error" in answer else set(answer)

    def _of(self, name: str) -> dict[str, int]:
        """All indexes that are or were under an alias, and their numbers."""
        found = self._index.request("GET", f"/{name}-*/_alias", {"allow_no_indices": "true"})
        numbered = re.compile(re.escape(name) + r"-(\d+)")
        return {each: int(match[1]) for each in found if (match := numbered.fullmatch(each))}
