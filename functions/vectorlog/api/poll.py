"""The header that tells a client when to poll again."""

from __future__ import annotations

MIN_MS = 100
MAX_MS = 1000


def hint(now: int, since: int) -> dict[str, str]:
    """Returns the header `openai-poll-after-ms`: a tenth of the time since `since`, within the limits above.

    All times are in ms. Clients read a plain integer (docs/contract.md, section 9.2).
    """
    return {"openai-poll-after-ms": str(min(max((now - since) // 10, MIN_MS), MAX_MS))}
