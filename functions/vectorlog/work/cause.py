"""What all work messages say of the request that caused them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRequest:
    """The fields that all messages have: the id of the request that caused the message, or "" (the sweep, an import),
    and its project, or "" (an import, a commit of an older version).
    """

    request: str = ""
    project: str = ""

    @property
    def cause(self) -> dict[str, str]:
        """The fields of a log line that name the request, if there is one."""
        return {"request_id": self.request} if self.request else {}
