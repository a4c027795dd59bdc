"""The caller of a request, and the owner of a thing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """Who created a thing: a project, and the end user for whom its key acted (None: the project itself)."""

    project: str
    user: str | None = None

    @property
    def name(self) -> str:
        """The end user's id, or the project's name if the project acted for itself."""
        return self.user if self.user is not None else self.project


@dataclass(frozen=True, slots=True)
class Caller:
    """The project of an authenticated API key, and the end user of `X-On-Behalf-Of`, if any."""

    project: str
    user: str | None = None

    def sees(self, owner: Owner) -> bool:
        """Whether the caller may see the things of this owner.

        A key without an end user acts for its project and sees everything in it. An end user sees what they created.
        """
        return owner.project == self.project and self.user in (None, owner.user)

    def as_owner(self) -> Owner:
        """Returns the owner of things that this caller creates."""
        return Owner(self.project, self.user)
