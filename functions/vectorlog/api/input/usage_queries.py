"""Schemas of the query strings of usage reports (docs/contract.md, section 4.4)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vectorlog.api.input.no_parameters import NoParameters
from vectorlog.api.input.parse import refused
from vectorlog.domain.errors import Invalid

DAY_S = 86_400
LAST_S = 253_370_764_799
"""The end of the year 9998 in seconds since 1970, so that every day of a report has a date."""


def _cursor(value: str) -> str:
    if re.fullmatch(r"page_\d{4}-\d\d-\d\d", value) is None or not _is_date(value.removeprefix("page_")):
        raise refused(lambda path: Invalid(f"Invalid '{path}': it is not the 'next_page' of a report.", param=path))
    return value


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


class Range(NoParameters):
    """The days of a report: `start_time` is inclusive, and `end_time` exclusive (default: now), both in seconds."""

    start_time: int = Field(ge=0, le=LAST_S)
    """The first second."""
    end_time: int | None = Field(None, ge=0, le=LAST_S)
    """The second after the last; now if absent."""
    bucket_width: Literal["1d"] = "1d"
    """Days are the only width."""
    limit: int = Field(7, ge=1, le=31)
    """How many days at most."""
    page: Annotated[str, AfterValidator(_cursor)] | None = None
    """`next_page` of the page before."""

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.end_time is not None and self.end_time <= self.start_time:
            raise refused(_ends_too_early, "end_time")
        return self

    def days(self, today: date) -> tuple[date, int, bool]:
        """Returns the first day of the page, how many days it has, and whether there are more after it. There are no
        days after today.
        """
        first = date.fromisoformat(self.page.removeprefix("page_")) if self.page else _day(self.start_time)
        last = min(today, _day(self.end_time - 1)) if self.end_time is not None else today
        left = max(0, (last - first).days + 1)
        return first, min(left, self.limit), left > self.limit


class OrganizationUsage(Range):
    """Parameters of OpenAI's report."""

    project_ids: list[str] | None = Field(None, max_length=100)
    """Only these projects."""
    group_by: list[Literal["project_id"]] | None = None
    """One result for each of these."""


class StoresUsage(Range):
    """Parameters of MKA1's report on vector stores. An organization is a project, and a user is an end user, or the
    project itself by its name. Usage is not kept by key: a group by keys is one group, whose `api_key_id` is null.
    """

    user_ids: list[str] | None = Field(None, max_length=100)
    """Only these end users."""
    external_user_ids: list[str] | None = Field(None, max_length=100)
    """Only these end users."""
    all_orgs: Literal["true", "false"] | None = None
    """It has no effect."""
    org_ids: list[str] | None = Field(None, max_length=100)
    """Only these projects."""
    group_by: list[Literal["user_id", "api_key_id"]] | None = None
    """One result for each of these."""

    @property
    def users(self) -> frozenset[str] | None:
        """The users whose usage is reported; None for all."""
        if self.user_ids is None and self.external_user_ids is None:
            return None
        return frozenset([*(self.user_ids or ()), *(self.external_user_ids or ())])


class FilesUsage(StoresUsage):
    """Parameters of MKA1's report on files."""

    group_by: list[Literal["user_id", "api_key_id", "org_id"]] | None = None  # type: ignore[assignment]
    """One result for each of these."""


def _ends_too_early(path: str) -> Invalid:
    return Invalid(f"Invalid '{path}': expected a time after 'start_time'.", param=path)


def cursor(day: date) -> str:
    """Returns the `page` that begins with this day."""
    return f"page_{day.isoformat()}"


def start_of(day: date) -> int:
    """Returns the second since 1970 with which a day begins."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _day(second: int) -> date:
    return date(1970, 1, 1) + timedelta(days=second // DAY_S)
