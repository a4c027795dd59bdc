"""Rebuilds a deployment's index beside the one that serves, while it runs.

One process lists the artefacts, and threads or further processes fill the new index, a page of artefacts at a time. How
far they are is noted in the bucket, so a run that was interrupted is continued by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple
from functools import cache, partial

from vectorlog.domain.errors import Unavailable
from vectorlog.domain.vectors import Space
from vectorlog.index.analyser import VERSION
from vectorlog.index.opensearch.succession import Succession
from vectorlog.operations.index_page import Added, Listed, PageFill
from vectorlog.operations.log_survey import Survey, survey, together
from vectorlog.operations.missing_artefacts import MissingArtefacts, Section
from vectorlog.operations.parallel import SideBySide
from vectorlog.operations.progress import Watch
from vectorlog.operations.rebuild_index import Crew, Refill
from vectorlog.operations.seen import Seen
from vectorlog.retry import NO_JITTER, REAL_TIME, RetryPolicy, Timing, retrying
from vectorlog.runtime.aws import index_checkpoint, wiring
from vectorlog.runtime.aws.index_checkpoint import Checkpoint
from vectorlog.runtime.aws.processes import SECTIONS, THREADS, workers

READS = 32
"""Artefacts that a process reads at a time: as many as the S3 client has connections."""
NOTED = 16
"""After how many pages the checkpoint is written: a run repeats no more than these, and those that were under way."""

BUSY = RetryPolicy(attempts=8, first_s=1, jitter=NO_JITTER)
"""Repeats a page for about two minutes in all, because OpenSearch refuses writes while it merges."""


def index(watch: Watch, timing: Timing = REAL_TIME, *, processes: int = 1, anew: bool = False) -> Refill:
    """Fills a new index for each model from the artefacts, switches to it, and drops the old one.

    The functions keep running and need no other configuration. A run after one that was interrupted goes on where that
    stood; it may use another number of processes.

    Args:
        watch: shows how far it is.
        timing: clock, sleep and randomness of repetitions.
        processes: how many processes fill it; with 1 this one does, with a few threads.
        anew: whether to begin anew instead of going on.

    Raises:
        NoIndex: another rebuild of the index has begun anew or switched meanwhile.
        Unavailable: OpenSearch was too busy for too long. The next run goes on.
    """
    deployment, opensearch = wiring.deployment(), wiring.index()
    found = _surveyed(watch, processes)
    spaces = sorted({space for of_store in found.spaces.values() for space in of_store}, key=astuple)
    succession = Succession(opensearch, spaces, timing.sleep)
    form = f"{VERSION} {opensearch.layout}"
    checkpoint = None if anew else index_checkpoint.load(deployment.blobs)
    if checkpoint is None or checkpoint.form != form or not succession.go_on(checkpoint.successors):
        succession.begin()
        checkpoint = Checkpoint(form, succession.successors)
        index_checkpoint.save(deployment.blobs, checkpoint)
    with _crew(processes, succession, timing) as crew:
        refill = Refill(deployment.streams, deployment.blobs, succession, succession.takes, crew)
        refill.files, refill.chunks = checkpoint.files, checkpoint.chunks
        refill.incomplete = list(checkpoint.incomplete)
        refill.fill(watch, found.files, after=checkpoint.after, passed=_noting(refill, checkpoint))
    succession.switch()
    index_checkpoint.forget(deployment.blobs)
    succession.drop()
    return refill


def _noting(refill: Refill, checkpoint: Checkpoint) -> Callable[[str], None]:
    """Returns what `Refill.fill` calls with the artefacts that it has passed."""
    calls = 0

    def passed(folder: str) -> None:
        nonlocal calls
        calls += 1
        if calls % NOTED == 0:
            counts = refill.files, refill.chunks, tuple(refill.incomplete)
            noted = Checkpoint(checkpoint.form, checkpoint.successors, folder, *counts)
            index_checkpoint.save(wiring.blobs(), noted)

    return passed


def _surveyed(watch: Watch, processes: int) -> Survey:
    sections = [(number, processes * SECTIONS) for number in range(processes * SECTIONS)]
    with workers(processes) as executor:
        return together(watch("stores", SideBySide(executor, 2 * processes)(_survey, sections), len(sections)))


@contextmanager
def _crew(processes: int, succession: Succession, timing: Timing) -> Iterator[Crew]:
    """Yields processes that fill the successors, or the threads of this one."""
    deployment, sections = wiring.deployment(), processes * SECTIONS
    with workers(processes) as executor:
        if processes > 1:
            spaces = tuple(succession.successors)
            together = SideBySide(executor, 2 * processes)
            yield Crew(together, partial(_fill, spaces), partial(_missing, spaces), sections)
            return
        with ThreadPoolExecutor(READS, "artefacts") as readers:
            reads = SideBySide(readers, 2 * READS)
            page = PageFill(deployment.streams, deployment.blobs, succession, succession.takes, reads)
            yield Crew(
                SideBySide(executor, 2 * THREADS),
                partial(_repeated, page, timing),
                lambda seen, of: MissingArtefacts(deployment.streams, deployment.blobs, page.wanted, seen)(of),
                sections,
            )


def _repeated(fill: PageFill, timing: Timing, page: Sequence[Listed]) -> Added:
    return retrying("a page of the index", BUSY, partial(fill, page), on=Unavailable, timing=timing)


# What follows runs in any process.


def _survey(section: Section) -> Survey:
    return survey(wiring.deployment().streams, section)


def _fill(spaces: tuple[Space, ...], page: Sequence[Listed]) -> Added:
    return _repeated(_page_fill(spaces), REAL_TIME, page)


def _missing(spaces: tuple[Space, ...], seen: Seen, section: Section) -> list[str]:
    deployment = wiring.deployment()
    return MissingArtefacts(deployment.streams, deployment.blobs, _page_fill(spaces).wanted, seen)(section)


@cache
def _page_fill(spaces: tuple[Space, ...]) -> PageFill:
    """Returns what fills the index in a process of its own, as long as that lives."""
    deployment, succession = wiring.deployment(), Succession(wiring.index(), spaces)
    reads = SideBySide(ThreadPoolExecutor(READS, "artefacts"), 2 * READS)
    return PageFill(deployment.streams, deployment.blobs, succession, succession.takes, reads)
