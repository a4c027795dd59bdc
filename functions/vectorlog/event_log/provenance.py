"""A commit's `meta`, which says where it comes from: actor, request and project, and whether it was imported."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vectorlog.event_log.event_log import Commit


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a commit comes from.

    Attributes:
        actor: the end user or project that sent the request, or the part of the system that acted: `ingest`, `work`,
            `sweep`, `import` or `operator`.
        request: id of the request that caused the commit, even if a worker made it later; "" if no request did.
        imported: whether it was made in another deployment, whose request ids mean nothing here.
        project: the project of that request, so that work for it is shared out fairly; "" in older commits.
    """

    actor: str = ""
    request: str = ""
    imported: bool = False
    project: str = ""


def meta_of(actor: str, request: str = "", project: str = "") -> str:
    """Returns the meta of a commit that this actor makes because of this request of this project."""
    fields = {"actor": actor, "request": request, **({"project": project} if project else {})}
    return json.dumps(fields, separators=(",", ":"))


def origin_of(meta: str) -> Origin:
    """Parses a commit's meta; older commits of workers name neither actor nor request."""
    fields = json.loads(meta)
    return Origin(
        fields.get("actor", ""), fields.get("request", ""), bool(fields.get("imported")), fields.get("project", "")
    )


def causing_request(meta: str) -> str:
    """Returns the id of the request that caused a commit; "" if no request to this deployment did."""
    origin = origin_of(meta)
    return "" if origin.imported else origin.request


def imported(meta: str) -> str:
    """Returns the meta of a commit, marked as made in another deployment."""
    return json.dumps({**json.loads(meta), "imported": True}, separators=(",", ":"))


def was_imported(commit: Commit) -> bool:
    """Whether a commit was made in another deployment. Its rows are shown, but its work was done there, or is sent by
    the import.
    """
    return '"imported"' in commit.meta and bool(json.loads(commit.meta).get("imported"))
