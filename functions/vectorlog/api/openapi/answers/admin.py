"""Keys, as OpenAI's admin API keys."""

from __future__ import annotations

from typing import Literal

from vectorlog.api.openapi.answers.answer import Answer, Seconds

Scope = Literal["read", "write", "admin"]


class KeyOwner(Answer):
    """The project that a key opens, in the form of OpenAI's owner of a key."""

    type: Literal["project"]
    object: Literal["organization.project"]
    id: str
    name: str
    created_at: Seconds
    role: Scope
    """The key's scope."""


class AdminApiKey(Answer):
    """A key, without its secret."""

    id: str
    object: Literal["organization.admin_api_key"]
    name: str
    redacted_value: str
    """The end of the secret, to recognise it by."""
    created_at: Seconds
    expires_at: Seconds | None
    """Null for a key that does not expire."""
    last_used_at: Seconds | None
    """Null before the first use; kept once an hour."""
    owner: KeyOwner
    project_id: str
    """The project that it opens."""
    scope: Scope
    """What it may do; each scope includes the ones before it."""
    all_projects: bool
    """Whether it administers every project."""
    created_by: str | None
    """The key that created it; null if no key did."""


class NewAdminApiKey(AdminApiKey):
    """A key that was just created."""

    value: str
    """The secret. It is shown only now."""


class DeletedAdminApiKey(Answer):
    """A key was revoked."""

    id: str
    object: Literal["organization.admin_api_key.deleted"]
    deleted: Literal[True]
