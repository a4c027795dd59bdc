"""Rebuilds a deployment's views while it runs: into the table that the functions write and do not read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial

from vectorlog.defaults import DAY_MS
from vectorlog.deployment import one_by_one
from vectorlog.domain.errors import Unavailable
from vectorlog.event_log.event_log import Commit
from vectorlog.operations.lasting_tombstones import lasting
from vectorlog.operations.missing_artefacts import Section
from vectorlog.operations.parallel import SideBySide
from vectorlog.operations.progress import Watch
from vectorlog.operations.rebuild_views import Noted, Projection
from vectorlog.retry import NO_JITTER, REAL_TIME, RetryPolicy, Timing, retrying
from vectorlog.runtime.aws import clients, views_checkpoint, wiring
from vectorlog.runtime.aws.once import once
from vectorlog.runtime.aws.processes import THREADS, workers
from vectorlog.runtime.aws.views_checkpoint import Run
from vectorlog.views.views import Views

FILLING = RetryPolicy(attempts=8, first_s=1, jitter=NO_JITTER)
"""Retries a step for about two minutes in all, because a new table at first takes fewer writes per second."""


WRITES = 16
"""Chains of rows that a process writes side by side."""
SECTIONS = 16
"""Sections of the log for each process: what an interrupted run has to repeat is up to one for each."""


class NoTable(Exception):
    """The deployment's functions do not write a second table of views. The message says what to do."""


def check_tables() -> None:
    """Checks that there is a table to fill.

    Raises:
        NoTable: the functions write no second table.
    """
    if not wiring.deployment().views.tables[1:]:
        raise NoTable(
            "This deployment writes one table of views. Deploy it with a second one first, which is written "
            "but not read."
        )


def views(watch: Watch, timing: Timing = REAL_TIME, *, processes: int = 1, since: int | None = None) -> int:
    """Projects the log into the table that `VECTORLOG_VIEWS_ALSO` names. Returns the number of commits.

    Call it only when every running function writes to that table too (see `stack.old_functions_end_at`). Commits from
    before the call are then read from the log, and later ones are projected by the functions. Repeating it changes
    nothing.

    Args:
        watch: shows the sections of the log that are projected.
        timing: clock, sleep and randomness of repetitions.
        processes: how many processes project; with 1 this one does, with a few threads.
        since: when the last function of before the stack's last change has ended, in ms since 1970. A run that was
            interrupted since then, within the last day, is continued: its sections are not read again. If it is not
            known, the log is read from the beginning.

    Raises:
        NoTable: the functions write no second table.
        UnknownSchema: newer code wrote a commit.
        Unavailable: DynamoDB was too busy for too long. Rows that were written may stay.
    """
    check_tables()
    deployment = wiring.deployment()
    run = None if since is None else _run(since, processes)
    sections = run.sections if run else processes * SECTIONS
    projection, commits, left = Projection(deployment.streams, one_by_one), 0, list[Section]()
    for section in range(sections):
        known = views_checkpoint.noted(deployment.blobs, section) if run else None
        if known is None:
            left.append((section, sections))
        else:
            commits += known[0]
            projection.noted.join(known[1])
    with workers(processes) as executor:
        step = (
            partial(_project, timing, run is not None) if processes == 1 else partial(_project_there, run is not None)
        )
        for count, noted in watch("sections", SideBySide(executor, 2 * processes * THREADS)(step, left), len(left)):
            commits += count
            projection.noted.join(noted)
    with ThreadPoolExecutor(WRITES, "rebuild") as pool:
        finish = partial(projection.apply_work, _fresh(timing), SideBySide(pool, 2 * WRITES))
        retrying("rows of the new table", FILLING, finish, on=Unavailable, timing=timing)
    if run:
        views_checkpoint.forget(deployment.blobs)
    return commits


def _run(since: int, processes: int) -> Run:
    """Returns the run that is continued, or a new one."""
    deployment = wiring.deployment()
    name = wiring.environment().views_also.partition(",")[0]
    made = clients.dynamodb().describe_table(TableName=name)["Table"]["CreationDateTime"]
    run = Run(f"{name} {made}", since, processes * SECTIONS, deployment.clock())
    known = views_checkpoint.begun(deployment.blobs)
    # Tombstones last for some days, and a section that is projected later relies on those of the others.
    if known and (known.table, known.since) == (run.table, run.since) and run.began - known.began < DAY_MS:
        return known
    views_checkpoint.begin(deployment.blobs, run)
    return run


# What follows runs in any process.


def _project_there(noting: bool, section: Section) -> tuple[int, Noted]:
    return _project(REAL_TIME, noting, section)


def _project(timing: Timing, noting: bool, section: Section) -> tuple[int, Noted]:
    """Projects a section; returns its number of commits, and what they say. Notes both if `noting`."""
    deployment, count = wiring.deployment(), 0

    def counted() -> Iterator[Commit]:
        nonlocal count
        for commit in deployment.streams.log.scan(*section):
            count += 1
            yield commit

    def retried(*steps: Callable[[], object]) -> None:
        for step in steps:
            retrying("rows of the new table", FILLING, step, on=Unavailable, timing=timing)

    projection = Projection(deployment.streams, retried, lanes=1)
    projection.take(counted(), _fresh(timing))
    if noting:
        views_checkpoint.note(deployment.blobs, section[0], count, projection.noted)
    return count, projection.noted


def _fresh(timing: Timing) -> Views:
    """Returns views that write the new table."""
    deployment = wiring.deployment()
    table, *others = deployment.views.tables[1:]
    return Views(lasting(table, deployment.clock), timing, others, pool=_writers())


@once
def _writers() -> Executor:
    return ThreadPoolExecutor(WRITES, "project")
