"""Schemas of the requests that administer keys and limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from vectorlog.api.input import refusals
from vectorlog.api.input.parse import refused
from vectorlog.api.input.queries import KeyCursor, NoParameters
from vectorlog.api.input.schemas import Body
from vectorlog.domain.api_key import Scope
from vectorlog.use_cases.pages import PageRequest

MAX_EXPIRY_S = 100 * 365 * 86_400
MAX_LIMIT = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly."""


def _not_blank(value: str) -> str:
    if not value.strip():
        raise refused(lambda path: refusals.string_too_short(path, 1))
    return value


class KeyCreation(Body):
    """A new key. `name` and `expires_in_seconds` are OpenAI's; the other fields are ours.

    Attributes:
        name: what the key is for.
        expires_in_seconds: after how long it opens nothing any more; without it, it does not expire.
        project_id: the project that it opens; by default that of the key that creates it.
        scope: what it may do.
        all_projects: whether it administers every project.
    """

    name: Annotated[str, AfterValidator(_not_blank)] = Field(max_length=256)
    expires_in_seconds: int | None = Field(default=None, ge=1, le=MAX_EXPIRY_S)
    project_id: str | None = None
    scope: Scope = "admin"
    all_projects: bool | None = None


class KeyList(NoParameters):
    """Parameters of the list of keys; `project_id` is ours."""

    limit: int = Field(20, ge=1, le=100)
    order: Literal["asc", "desc"] = "asc"
    after: KeyCursor | None = None
    project_id: str | None = None

    @property
    def page(self) -> PageRequest:
        """The requested page."""
        return PageRequest(self.limit, self.order, self.after)
