"""Finds files in a store that have the same bytes. Of several that are attached in parallel, only one is first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from vectorlog.deployment import Deployment
from vectorlog.domain.errors import DuplicateContent
from vectorlog.domain.ids import store_file_stream
from vectorlog.event_log.codec import STORE_FILE
from vectorlog.views import keys

Contents = Sequence[tuple[str, str]]
"""Pairs of a file and the SHA-256 of its bytes, in hex."""

CLAIM_MS = 60_000
"""How long a claim lasts if its process dies, in ms: longer than any request or step takes to attach a file."""


def refuse(holders: Mapping[str, str]) -> None:
    """Refuses the first of the files whose bytes another file holds; the map is that of `holders`.

    Raises:
        DuplicateContent: there is such a file; the error names both.
    """
    for file, holder in holders.items():
        raise DuplicateContent(
            f"A store accepts the same content only once, and file '{holder}' has the content of '{file}'.",
            param="file_id",
        )


def remedy(*, skipping: bool) -> str:
    """Returns what the owner of a file that was left out as a duplicate can do."""
    if skipping:
        return "Attach it without skip_duplicates to index it again."
    return "This deployment accepts the same content only once in a store."


def holders(deployment: Deployment, store: str, files: Contents) -> dict[str, str]:
    """Returns, for each file whose bytes another file holds, that other file: one that serves in the store or is being
    ingested, or else one that comes earlier in `files`.
    """
    rows = {
        file: deployment.views.table.query(keys.contents(store), prefix=f"{sha256}#", limit=10)
        for file, sha256 in files
    }
    others = {file: [keys.thing_of(row.key.sk) for row in found] for file, found in rows.items()}
    streams = {store_file_stream(store, other) for found in others.values() for other in found}
    states = deployment.streams.load_many(STORE_FILE, sorted(streams)) if streams else {}
    result: dict[str, str] = {}
    first: dict[str, str] = {}
    for file, sha256 in files:
        held = (
            other
            for other in others[file]
            if other != file and states[store_file_stream(store, other)].state.holds_content
        )
        holder = next(held, first.get(sha256))
        if holder is not None:
            result[file] = holder
        first.setdefault(sha256, file)
    return result


@contextmanager
def claimed(deployment: Deployment, store: str, files: Contents, *, skipping: bool) -> Iterator[dict[str, str]]:
    """Claims the content of files while they are attached and their rows are written. Yields what `holders` returns,
    with files whose content another process has claimed. One write decides who is first. If the same content may be
    attached twice, because neither the request skips it nor the deployment refuses it, nothing is claimed or held.
    """
    if not files or not (skipping or deployment.duplicate_content == "refuse"):
        yield {}
        return
    claims = deployment.views.claims()
    claimed = claims.make(store, files, deployment.clock(), CLAIM_MS)
    try:
        yield {**holders(deployment, store, files), **claimed.holders}
    finally:
        claims.give_up(claimed)
