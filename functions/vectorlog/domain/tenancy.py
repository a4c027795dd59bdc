"""Who asks, and whose a thing is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Owner:
    """Who made a thing: a project, and the end user that its key acted for (None: the project itself)."""

    project: str
    user: str | None = None

    @property
    def name(self) -> str:
        """The user's id, or the project's where it acted for itself."""
        return self.user if self.user is not None else self.project


@dataclass(frozen=True, slots=True)
class Caller:
    """A checked key's project and the end user of `X-On-Behalf-Of`, if any."""

    project: str
    user: str | None = None

    def sees(self, owner: Owner) -> bool:
        """A key without an end user acts for its project and sees all of it; an end user sees what they made."""
        return owner.project == self.project and self.user in (None, owner.user)

    def as_owner(self) -> Owner:
        """The owner of what this caller makes."""
        return Owner(self.project, self.user)
