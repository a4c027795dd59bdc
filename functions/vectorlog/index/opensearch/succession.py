"""Replaces the indexes that serve in OpenSearch: fills new ones, then moves the aliases to them in one step."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence

from vectorlog.domain.vectors import Space
from vectorlog.index.chunk_index import FileChunks
from vectorlog.index.opensearch.documents import documents
from vectorlog.index.opensearch.errors import NoIndex
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import Json, alias, successor

GRACE_S = 30.0
"""Seconds for which a replaced index is kept. By then running searches have ended (9 s) and API Gateway has timed out
their requests (29 s). Writes need no grace period: `OpenSearchIndex` sends late ones to the new index.
"""

_NOT_FOUND = 404


class Succession:
    """Builds a successor for the index of each of these spaces: `begin`, `add`, `switch`, then `drop` the old ones.

    From `begin` on, every `OpenSearchIndex` detects the successors and writes to both indexes of a space. The old
    indexes serve until `switch`. If the process dies, a new one can begin again at any time.

    Args:
        index: the index that serves; the new indexes get its layout.
        spaces: the spaces of the existing stores.
        sleep: waits for a number of seconds, before old indexes are dropped.
    """

    def __init__(
        self, index: OpenSearchIndex, spaces: Sequence[Space], sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._index = index
        self._spaces = tuple(spaces)
        self._sleep = sleep
        self._created: dict[Space, str] = {}

    @property
    def successors(self) -> dict[Space, str]:
        """The names of the successors' indexes, by space."""
        return dict(self._created)

    def takes(self, space: Space) -> bool:
        """Whether this space has a successor. A space whose first store was created after `begin` needs none."""
        return space in self._spaces

    def begin(self) -> None:
        """Creates the successors and deletes what an earlier try left behind."""
        for space in self._spaces:
            name = alias(space, self._index.layout)
            serving = self._with_alias(name)
            if not serving:
                self._index.create(space)
                serving = self._with_alias(name)
            existing = self._numbered(name)
            self._drop(existing.keys() - serving)
            number = max(existing.values(), default=1) + 1  # a new name, so that `switch` recognises its own index
            self._created[space] = f"{name}-{number}"
            self._index.make(self._created[space], space, successor(name))

    def go_on(self, successors: Mapping[Space, str]) -> bool:
        """Takes over the successors that another process has begun; returns False if one of them is not there any more,
        or does not wait for its switch any more.
        """
        if any(new not in self._with_alias(self._waiting(space)) for space, new in successors.items()):
            return False
        self._spaces, self._created = tuple(successors), dict(successors)
        return True

    def add(self, space: Space, files: Sequence[FileChunks]) -> None:
        """Adds chunks to the successor; searches see them after `switch`.

        Raises:
            NoIndex: another process has begun again or switched.
        """
        self._index.write(documents(files), self._waiting(space), "false")

    def remove(self, space: Space, store: str, file: str, generation: int | None = None) -> None:
        """Removes a generation of a file (None: all of them) from both indexes."""
        self._index.remove(space, store, file, generation)

    def remove_store(self, space: Space, store: str) -> bool:
        """Removes chunks of a store from both indexes; returns whether there may be more of them."""
        return self._index.remove_store(space, store)

    def switch(self) -> None:
        """Moves the aliases from the old indexes to their successors, all in one step.

        Raises:
            NoIndex: another process has begun again or switched; nothing was changed.
        """
        actions: list[Json] = []
        for space, new in self._created.items():
            name = alias(space, self._index.layout)
            if new not in self._with_alias(successor(name)):
                raise NoIndex(new)
            self._index.settle(new)
            actions += [{"remove": {"index": each, "alias": name}} for each in sorted(self._with_alias(name))]
            actions += [{"add": {"index": new, "alias": name}}, {"remove": {"index": new, "alias": successor(name)}}]
        if actions:
            self._index.request("POST", "/_aliases", {}, {"actions": actions})

    def drop(self) -> None:
        """Deletes the replaced indexes, after waiting until no request uses them any more."""
        self._sleep(GRACE_S)
        for space in self._spaces:
            name = alias(space, self._index.layout)
            self._drop(self._numbered(name).keys() - self._with_alias(name) - self._with_alias(successor(name)))

    def _waiting(self, space: Space) -> str:
        """Returns the alias that a space's successor has until the switch."""
        return successor(alias(space, self._index.layout))

    def _drop(self, names: set[str]) -> None:
        for name in sorted(names):
            self._index.request("DELETE", f"/{name}", {}, ignore=(_NOT_FOUND,))

    def _with_alias(self, name: str) -> set[str]:
        """Returns the names of the indexes with an alias."""
        answer = self._index.request("GET", f"/{self._index.layout.prefix}-*/_alias/{name}", {}, ignore=(_NOT_FOUND,))
        return set() if "error" in answer else set(answer)

    def _numbered(self, name: str) -> dict[str, int]:
        """Returns all indexes that have or had an alias, with their numbers."""
        indexes = self._index.request("GET", f"/{name}-*", {"allow_no_indices": "true"})
        numbered = re.compile(re.escape(name) + r"-(\d+)")
        return {each: int(match[1]) for each in indexes if (match := numbered.fullmatch(each))}
