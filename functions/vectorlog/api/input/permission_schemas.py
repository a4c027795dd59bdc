"""The body and the path parameter of requests about permissions (docs/contract.md, section 10.5)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from vectorlog.api.input import refusals
from vectorlog.api.input.parse import refused
from vectorlog.api.input.schemas import Body
from vectorlog.domain.errors import Invalid
from vectorlog.domain.sharing import Grantable

MAX_USER_CHARS = 256
"""As many as X-On-Behalf-Of may have."""
TEAM = "team"
"""What stands for the team in a path."""
_RESERVED = (".", "..", "*", TEAM)


def grantee(value: str) -> str | None:
    """Returns the end user that a path names; None if it names the team. A user of any name may be asked about.

    Raises:
        Invalid: the name is empty, too long or not printable.
    """
    if not 0 < len(value) <= MAX_USER_CHARS or not value.isprintable():
        raise Invalid(f"Invalid 'user_id': expected 1 to {MAX_USER_CHARS} printable characters.", param="user_id")
    return None if value == TEAM else value


def _user_id(value: str) -> str:
    if value in _RESERVED:
        raise refused(lambda path: Invalid(f"Invalid '{path}': '{value}' stands for no end user.", param=path))
    if not value.isprintable() or "/" in value or any(each.isspace() for each in value):
        raise refused(
            lambda path: Invalid(f"Invalid '{path}': an end user's id has no '/', and no white space.", param=path)
        )
    return value


UserId = Annotated[str, Field(min_length=1, max_length=MAX_USER_CHARS), AfterValidator(_user_id)]


class Grant(Body):
    """A role to grant to an end user, or to everyone in the project."""

    grantee_type: Literal["user", "team"] | None = None
    """`user` if absent."""
    user_id: UserId | None = None
    """The end user; required for one, and only then."""
    role: Grantable
    """It replaces the one that they hold."""

    @model_validator(mode="after")
    def _names_a_user_or_the_team(self) -> Self:
        if self.grantee_type == "team" and self.user_id is not None:
            raise refused(_team_has_no_user, "user_id")
        if self.grantee_type != "team" and self.user_id is None:
            raise refused(refusals.missing, "user_id")
        return self


def _team_has_no_user(path: str) -> Invalid:
    return Invalid(f"Invalid '{path}': with grantee_type 'team', the role is everyone's.", param=path)
