"""The ids of requests, in either of their forms."""

from __future__ import annotations

REQUEST = "req_"


def request_of(id: str) -> str | None:
    """Returns a request's id, given that id or the UUID in API Gateway's access log; None for any other id."""
    plain = id.replace("-", "")
    if id.count("-") == 4 and len(plain) == 32 and all(each in "0123456789abcdef" for each in plain):
        return REQUEST + plain
    return id if id.startswith(REQUEST) else None
