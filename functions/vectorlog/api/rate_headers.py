"""The headers `x-ratelimit-…`, which say how much of a limit is left."""

from __future__ import annotations

from vectorlog.limits.request_rate import Allowance

_NAMES = {"requests_per_second": "requests"}
"""OpenAI's names in these headers; other limits have their own names there, with dashes."""


def of(limit: str, allowance: Allowance | None) -> dict[str, str]:
    """Returns the headers of a limit, by its name; none if there is no limit."""
    if allowance is None:
        return {}
    return left(limit, allowance.most, allowance.remaining, allowance.reset_ms)


def left(limit: str, most: int, remaining: int, reset_ms: int | None) -> dict[str, str]:
    """Returns the headers of a limit of which `remaining` is left.

    Args:
        limit: its name.
        most: the limit.
        remaining: what is left.
        reset_ms: when all of it is available again, in ms from now; None if time does not change that.
    """
    name = _NAMES.get(limit, limit).replace("_", "-")
    headers = {f"x-ratelimit-limit-{name}": str(most), f"x-ratelimit-remaining-{name}": str(remaining)}
    if reset_ms is not None:
        headers[f"x-ratelimit-reset-{name}"] = f"{reset_ms}ms" if reset_ms < 1000 else f"{reset_ms / 1000:g}s"
    return headers
