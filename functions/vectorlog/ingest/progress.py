"""Records how far the ingest of large files has come, a few times for each."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Sequence

from vectorlog.deployment import Deployment
from vectorlog.ingest.job import Job, Slice
from vectorlog.views import progress
from vectorlog.views.progress import Progress

log = logging.getLogger(__name__)

EVERY_MS = 2_000
"""How often the progress of a file is recorded at most."""
FEW = 16
"""Files of at most this many chunks are embedded so soon that nothing is recorded."""


class Notes:
    """What is recorded of some files, from when they have been read until they are embedded."""

    def __init__(self, deployment: Deployment, jobs: Sequence[Job]) -> None:
        """Records the number of chunks and pages of each large file."""
        self._deployment = deployment
        self._noted: dict[Job, int] = {}
        for job in jobs:
            if len(job.document.spans) > FEW:
                self._note(job, job.start)

    def embedded(self, batch: Sequence[Slice], count: int) -> None:
        """Records, if it is time, that the first `count` chunks of these slices are embedded."""
        now = self._deployment.clock()
        for each in batch:
            done = min(count, each.size)
            count -= done
            if done and now - self._noted.get(each.job, now) >= EVERY_MS:
                self._note(each.job, each.first + done)

    def _note(self, job: Job, embedded: int) -> None:
        message, document, now = job.message, job.document, self._deployment.clock()
        placement = job.state.placement
        assert placement is not None  # it is attached
        self._noted[job] = now
        complete = embedded >= len(document.spans)
        end = document.spans[embedded - 1].end if embedded else 0
        done = len(document.pages) if complete else max(0, bisect_right(document.pages, end) - 1)
        reached = Progress(message.generation, len(document.spans), embedded, len(document.pages), done)
        try:
            row = placement.row(message.file)
            progress.note(self._deployment.views.table, message.store, row, reached, now)
        except Exception as error:  # noqa: BLE001 (it is for show only)
            said = "the progress of %s in %s was not recorded: %s"
            log.warning(said, message.file, message.store, error, extra=message.cause)
