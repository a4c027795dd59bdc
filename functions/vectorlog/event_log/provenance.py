"""What a commit's `meta` says of how it came into this log."""

from __future__ import annotations

import json

from vectorlog.event_log.event_log import Commit


def imported(meta: str) -> str:
    """The meta of a commit that was made elsewhere."""
    return json.dumps({**json.loads(meta), "imported": True}, separators=(",", ":"))


def was_imported(commit: Commit) -> bool:
    """Whether it was made elsewhere: its rows are to be shown, but its work was done there, or is the import's to
    send.
    """
    return '"imported"' in commit.meta and bool(json.loads(commit.meta).get("imported"))
