"""Adds to files that are being ingested how far that has come.

What is recorded of a page of files is read in one range beside the page, because its rows have the same sort keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vectorlog.deployment import Deployment
from vectorlog.use_cases.pages import PageRange
from vectorlog.views import progress
from vectorlog.views.progress import Progress
from vectorlog.views.table import Table

if TYPE_CHECKING:
    from vectorlog.use_cases.store_files import StoreFileView


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded of the first files of a range, by `Placement.row`.

    Attributes:
        last: the last row that was read, in the order of the list; None if all of the range was read.
    """

    progress: dict[str, Progress]
    last: str | None
    descending: bool

    def covers(self, row: str) -> bool:
        """Whether all that is recorded of the file at this row was read."""
        return self.last is None or (row >= self.last if self.descending else row <= self.last)


def recorded(table: Table, store: str, page_range: PageRange) -> Recorded:
    """Reads what is recorded of a page. Files that were removed or completed since leave rows for a day, so it may end
    before the page does.
    """
    limit, descending = page_range.limit + 1, page_range.descending
    found = progress.noted_between(table, store, page_range.after, page_range.before, limit, descending=descending)
    return Recorded(found, list(found)[-1] if len(found) == limit else None, descending)


def add(deployment: Deployment, views: Sequence[StoreFileView], known: Recorded | None = None) -> list[StoreFileView]:
    """Returns files of one store with the progress of those that are being ingested. `known` is what was read already;
    what it does not cover is read.
    """
    ingested = {
        view.state.placement.row(view.file): view.state.open.generation
        for view in views
        if view.state.open is not None and view.state.placement is not None
    }
    missing = [row for row in ingested if known is None or not known.covers(row)]
    noted = {**(known.progress if known else {})}
    if missing:
        noted |= progress.noted(deployment.views.table, views[0].store, missing)
    current = {row: found for row, found in noted.items() if ingested.get(row) == found.generation}
    return [
        replace(view, progress=current.get(view.state.placement.row(view.file))) if view.state.placement else view
        for view in views
    ]
