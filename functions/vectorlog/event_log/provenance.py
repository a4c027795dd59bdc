"""What a commit's `meta` says of where it comes from: who asked, in which request, and whether it was imported."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vectorlog.event_log.event_log import Commit


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a commit comes from.

    Attributes:
        actor: the end user or project that asked, or the part of the system that acted: `ingest`, `work`, `sweep`,
            `import`, `operator`.
        request: id of the request that began it, also where a worker made it later; "" where no request did.
        imported: made in another deployment, whose requests this one knows nothing of.
    """

    actor: str = ""
    request: str = ""
    imported: bool = False


def meta_of(actor: str, request: str = "") -> str:
    """A commit's meta: who asked, in which request."""
    return json.dumps({"actor": actor, "request": request}, separators=(",", ":"))


def origin_of(meta: str) -> Origin:
    """What a commit's meta says; older commits of workers say nothing."""
    written = json.loads(meta)
    return Origin(written.get("actor", ""), written.get("request", ""), bool(written.get("imported")))


def request_behind(meta: str) -> str:
    """The id of the request that began what follows from a commit; "" where none of this deployment did."""
    origin = origin_of(meta)
    return "" if origin.imported else origin.request


def imported(meta: str) -> str:
    """The meta of a commit that was made elsewhere."""
    return json.dumps({**json.loads(meta), "imported": True}, separators=(",", ":"))


def was_imported(commit: Commit) -> bool:
    """Whether it was made elsewhere: its rows are to be shown, but its work was done there, or is the import's to
    send.
    """
    return '"imported"' in commit.meta and bool(json.loads(commit.meta).get("imported"))
