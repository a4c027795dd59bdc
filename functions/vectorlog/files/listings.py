"""Listings of blobs that are read page by page."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from vectorlog.files.blobs import StoredBlob

KEPT = 4
"""How many listings are kept between two of their pages; of more, the oldest are dropped."""
KEPT_S = 600.0
"""For how many seconds after its begin a listing is kept: longer than a page of leftovers waits in the queue."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """A listing that was read up to some key, and when it began, in seconds."""

    began: float
    rest: Iterator[StoredBlob]


class Listings:
    """Pages through listings. A page that begins where another ended goes on with its listing, so paging through N
    blobs lists and sorts each folder once. Safe to use from several threads.

    Args:
        after: lists the blobs after a key, in order.
        clock: in seconds; never goes back.
    """

    def __init__(
        self, after: Callable[[str], Iterator[StoredBlob]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._after = after
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, _Listing] = {}

    def page(self, after: str, limit: int) -> Sequence[StoredBlob]:
        """Returns up to `limit` blobs after a key; see `Blobs.page`."""
        listing = self._take(after) or _Listing(self._clock(), self._after(after))
        page = tuple(islice(listing.rest, limit))
        if page and len(page) == limit:
            self._keep(page[-1].key, listing)
        return page

    def _take(self, after: str) -> _Listing | None:
        with self._lock:
            since = self._clock() - KEPT_S
            self._left = {key: each for key, each in self._left.items() if each.began >= since}
            return self._left.pop(after, None)

    def _keep(self, after: str, listing: _Listing) -> None:
        """Keeps a listing for the next page. Of two that ended at the same key, it keeps the one that began later, so
        that no caller goes on with a listing from before its own.
        """
        with self._lock:
            other = self._left.get(after)
            if other is None or other.began < listing.began:
                self._left[after] = listing
            newest = sorted(self._left, key=lambda key: self._left[key].began)[-KEPT:]
            self._left = {key: self._left[key] for key in newest}
