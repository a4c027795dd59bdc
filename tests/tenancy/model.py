"""What each caller may see: a model of projects, end users and grants that knows only requests and their answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from vectorlog.domain.tenancy import Caller

RANK = {"reader": 1, "writer": 2, "owner": 3}
NEEDED = {"read": 1, "write": 2, "share": 3}


def name_of(caller: Caller) -> str:
    return f"{caller.project}.{caller.user or ''}"


def secret_of(caller: Caller) -> str:
    """A word that is in all names, attributes and texts of a caller, and in nothing else."""
    return f"secret{name_of(caller).replace('.', 'x')}"


@dataclass(slots=True)
class Store:
    """A store: who owns it, to whom it is shared (None is the team), and whose words may be in it."""

    id: str
    owner: Caller
    place: int
    roles: dict[str | None, str] = field(default_factory=dict)
    once: set[str | None] = field(default_factory=set)
    writers: set[Caller] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    deleted: bool = False

    def rank(self, caller: Caller) -> int:
        """How much a caller may do: 0 for nothing, otherwise as `RANK`."""
        if caller.project != self.owner.project:
            return 0
        if caller.user is None or caller == self.owner:
            return 3
        return max(RANK.get(self.roles.get(who, ""), 0) for who in (caller.user, None))

    def was_in_list_of(self, caller: Caller) -> bool:
        """Whether the caller's list shows the store or showed it once."""
        return self.rank(caller) > 0 or (caller.project == self.owner.project and bool(self.once & {caller.user, None}))


@dataclass(slots=True)
class File:
    """An uploaded file."""

    id: str
    owner: Caller
    deleted: bool = False

    def visible_to(self, caller: Caller) -> bool:
        """Whether the upload itself exists for a caller."""
        return caller.project == self.owner.project and caller.user in (None, self.owner.user)


@dataclass(slots=True)
class Model:
    """Everything that was made."""

    stores: dict[str, Store] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    batches: dict[str, str] = field(default_factory=dict)

    def listed(self, caller: Caller) -> list[Store]:
        """The caller's list of stores, oldest first."""
        shown = [each for each in self.stores.values() if each.rank(caller) > 0 and not each.deleted]
        return sorted(shown, key=lambda each: each.place)

    def allowed(self, caller: Caller, stores: list[Store]) -> set[Caller]:
        """Those whose words may be in an answer about these stores: the caller, for a project everyone in it, and
        everyone who wrote to one of the stores that the caller may read.
        """
        return {caller}.union(*(each.writers for each in stores if each.rank(caller) > 0 and not each.deleted))
