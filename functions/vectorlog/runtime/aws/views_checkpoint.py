"""How far a rebuild of the views has come, as objects in the bucket, so that another run goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vectorlog.files.blobs import Blobs, NoSuchBlob
from vectorlog.operations.rebuild_views import Noted

FOLDER = "rebuilds/views/"
"""No pass over the blobs looks at this folder; see `index_checkpoint.py`."""


@dataclass(frozen=True, slots=True)
class Run:
    """What has to be the same for another run to go on.

    Attributes:
        table: the table that is filled, and when it was made: one that was made anew has no rows.
        since: when the functions from before the stack's last change have ended: they may not have written the table.
        sections: in how many sections the log is read.
        began: when the first run began, in ms since 1970.
    """

    table: str
    since: int
    sections: int
    began: int


def begun(blobs: Blobs) -> Run | None:
    """Returns the run that has not ended."""
    try:
        return Run(**json.loads(blobs.read(f"{FOLDER}run")))
    except NoSuchBlob:
        return None


def begin(blobs: Blobs, run: Run) -> None:
    """Notes that a run has begun, and forgets the one before."""
    forget(blobs)
    fields = {"table": run.table, "since": run.since, "sections": run.sections, "began": run.began}
    blobs.put([(f"{FOLDER}run", json.dumps(fields).encode())])


def note(blobs: Blobs, section: int, commits: int, noted: Noted) -> None:
    """Notes that all commits of a section are projected, and what they say."""
    fields = [commits, sorted(noted.deleted), noted.batches, noted.leaving]
    blobs.put([(f"{FOLDER}section-{section}", json.dumps(fields).encode())])


def noted(blobs: Blobs, section: int) -> tuple[int, Noted] | None:
    """Returns the number of commits of a section, and what they say; None if they are not all projected."""
    try:
        commits, deleted, batches, leaving = json.loads(blobs.read(f"{FOLDER}section-{section}"))
    except NoSuchBlob:
        return None
    return commits, Noted(set(deleted), {batch: (store, count) for batch, (store, count) in batches.items()}, leaving)


def forget(blobs: Blobs) -> None:
    """Removes what was noted: first the run, without which the sections say nothing."""
    blobs.delete([f"{FOLDER}run"])
    blobs.delete(list(blobs.list(FOLDER)))
