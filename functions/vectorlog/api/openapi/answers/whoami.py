"""What a request's key stands for, and what waits in queues."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.admin import Scope
from vectorlog.api.openapi.answers.answer import Answer, Count, Seconds


class Caller(Answer):
    """What the key of the request stands for."""

    object: Literal["caller"]
    project_id: str
    """The project whose data the key opens."""
    user_id: str | None
    """The end user that `X-On-Behalf-Of` names, or null."""
    scope: Scope
    """What the key may do."""
    all_projects: bool
    """Whether it administers every project."""
    key_id: str | None
    """The key; null on a server that needs none."""
    key_required: bool
    """Whether the server needs a key."""
    expires_at: Seconds | None
    """When the key expires; null for never."""


class Queue(Answer):
    """A work queue of the deployment. On AWS its numbers may lag behind by a minute."""

    id: str
    """Its name."""
    object: Literal["organization.queue"]
    waiting: Count
    """Messages that can be worked on now."""
    in_progress: Count
    """Messages that a worker has."""
    delayed: Count
    """Messages that are due later."""
    oldest_at: Seconds | None
    """Since when the oldest one waits; null if none does, and on AWS."""
