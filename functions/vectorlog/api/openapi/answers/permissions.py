"""Permissions on vector stores."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer

Role = Literal["reader", "writer", "owner"]


class Grantee(Answer):
    """Who holds a role on a store."""

    vector_store_id: str
    """The store."""
    grantee_type: Literal["user", "team"]
    """An end user, or everyone in the project."""
    user_id: str | None
    """The end user, or the project if it owns the store; null for the team."""


class Permission(Grantee):
    """A role that someone holds on a store."""

    object: Literal["vector_store.permission"]
    role: Role
    """Each role includes the rights of the ones before it."""


class Permissions(Answer):
    """Who holds a role on a store: the owner, then the team, then end users by their ids. There are no pages."""

    object: Literal["list"]
    data: list[Permission]
    """All permissions."""


class EffectivePermission(Grantee):
    """The highest role that someone holds on a store."""

    object: Literal["vector_store.permission"]
    role: Role | None
    """Null if they hold none."""
    source: Literal["owner", "grant", "team", "none"]
    """Where the role comes from."""


class DeletedPermission(Grantee):
    """A role was taken back."""

    object: Literal["vector_store.permission.deleted"]
    deleted: Literal[True]
