"""When to ask again for what is in progress."""

from __future__ import annotations

SOONEST_MS = 100
LATEST_MS = 1000


def hint(now: int, since: int) -> dict[str, str]:
    """A tenth of the time taken so far; times in ms. Clients read a plain integer (docs/contract.md, section 9.2)."""
    return {"openai-poll-after-ms": str(min(max((now - since) // 10, SOONEST_MS), LATEST_MS))}
