"""Events: the history of a thing."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from vectorlog.api.openapi.answers.answer import Answer, Count


class Change(Answer):
    """What happened. Besides its type it has the fields of that event (ARCHITECTURE.md, "Streams"); times are in ms."""

    model_config = ConfigDict(extra="allow")

    type: str


class Event(Answer):
    """A commit in the log."""

    id: str
    object: Literal["event"]
    created_at: Count
    actor: str | None
    """The project or end user that sent the request, or the part of the system that acted."""
    request_id: str | None
    """The request that caused it; null if none did."""
    imported: bool
    """Whether it was made in another deployment."""
    changes: list[Change]
    """What happened, in order; empty if only an Idempotency-Key was kept."""
