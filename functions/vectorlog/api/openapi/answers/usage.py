"""Usage reports."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer, Count, Seconds


class OrganizationUsageResult(Answer):
    """The bytes that a project stored on a day."""

    object: Literal["organization.usage.vector_stores.result"]
    usage_bytes: Count
    """The largest sum of the day."""
    project_id: str | None
    """The project, if the report is grouped by it."""


class UsageResult(Answer):
    """The bytes that were stored on a day."""

    object: Literal["organization.usage.vector_stores.result", "organization.usage.files.result"]
    usage_bytes: Count
    """The bytes of text in vector stores, or of files."""
    user_id: str | None
    """The end user, if the report is grouped by it."""
    api_key_id: None
    """Usage is not kept by key."""
    org_id: str | None
    """The project, if the report is grouped by it."""


class OrganizationUsageBucket(Answer):
    """A day."""

    object: Literal["bucket"]
    start_time: Seconds
    """Its first second."""
    end_time: Seconds
    """The first second after it."""
    results: list[OrganizationUsageResult]
    """One for each group."""


class UsageBucket(Answer):
    """A day."""

    object: Literal["bucket"]
    start_time: Seconds
    """Its first second."""
    end_time: Seconds
    """The first second after it."""
    results: list[UsageResult]
    """One for each group."""


class OrganizationUsageReport(Answer):
    """Usage by day."""

    object: Literal["page"]
    data: list[OrganizationUsageBucket]
    """The days."""
    has_more: bool
    next_page: str | None
    """The `page` of the next days."""


class UsageReport(Answer):
    """Usage by day."""

    object: Literal["page"]
    data: list[UsageBucket]
    """The days."""
    has_more: bool
    next_page: str | None
    """The `page` of the next days."""
