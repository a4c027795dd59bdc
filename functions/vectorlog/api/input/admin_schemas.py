"""Schemas of the requests that administer keys and limits."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vectorlog.api.input import refusals
from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.parse import refused
from vectorlog.api.input.queries import KeyCursor
from vectorlog.api.input.schemas import Body
from vectorlog.domain.api_key import Scope
from vectorlog.domain.errors import Invalid
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
    """How many items at most."""
    order: Literal["asc", "desc"] = "asc"
    """By time of creation."""
    after: KeyCursor | None = None
    """Only items after this one in the list."""
    project_id: str | None = None
    """Only keys of this project."""

    @property
    def page(self) -> PageRequest:
        """The requested page."""
        return PageRequest(self.limit, self.order, self.after)


Limit = Annotated[int, Field(ge=0, le=MAX_LIMIT)]


class LimitsChange(Body):
    """Changes of a project's limits. 0 is no limit, and null takes the deployment's again.

    OpenAI's `max_requests_per_1_minute` is `max_requests_per_1_second` times 60; the other fields are ours.
    """

    max_requests_per_1_minute: Limit | None = None
    """A multiple of 60, instead of the limit of a second."""
    max_requests_per_1_second: Limit | None = None
    """Requests with a valid key."""
    max_files_per_1_minute: Limit | None = None
    """Files that are attached, each time."""
    max_stored_bytes: Limit | None = None
    """Bytes of uploaded files."""
    max_files: Limit | None = None
    """Uploaded files."""
    max_vector_stores: Limit | None = None
    """Vector stores."""

    @model_validator(mode="after")
    def _counts_by_the_second(self) -> Self:
        minute, second = "max_requests_per_1_minute", "max_requests_per_1_second"
        if {minute, second} <= self.model_fields_set:
            raise refused(lambda _: refusals.both(minute, second))
        if self.max_requests_per_1_minute is not None and self.max_requests_per_1_minute % 60:
            raise refused(_not_by_the_second, minute)
        return self

    @property
    def changes(self) -> dict[str, int | None]:
        """The new values by the names of their limits (`project_limits.Limits`)."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        if "max_requests_per_1_minute" in given:
            minute = given.pop("max_requests_per_1_minute")
            given["max_requests_per_1_second"] = None if minute is None else minute // 60
        return {LIMIT_OF[name]: number for name, number in given.items()}


LIMIT_OF = {
    "max_requests_per_1_second": "requests_per_second",
    "max_files_per_1_minute": "files_per_minute",
    "max_stored_bytes": "stored_bytes",
    "max_files": "files",
    "max_vector_stores": "stores",
}
"""The limits by their fields in the API."""


class LimitsList(NoParameters):
    """Parameters of the list of a project's limits, which always fit a page."""

    limit: int = Field(100, ge=1, le=100)
    """How many items at most; there is one."""
    after: str | None = None
    """Only items after this one in the list."""
    before: str | None = None
    """Only items before this one in the list."""


def _not_by_the_second(path: str) -> Invalid:
    return Invalid(
        f"Invalid '{path}': requests are counted by the second. Expected a multiple of 60, or send "
        f"'max_requests_per_1_second'.",
        param=path,
    )
