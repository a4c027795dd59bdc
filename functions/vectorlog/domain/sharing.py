"""Who may do what with a vector store: its owner, its project, and the end users and the team to whom it is shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, assert_never

from vectorlog.domain.errors import Invalid
from vectorlog.domain.tenancy import Caller, Owner

Grantable: TypeAlias = Literal["reader", "writer"]
Role: TypeAlias = Literal["reader", "writer", "owner"]
Right: TypeAlias = Literal["read", "write", "share"]
"""What a request needs: to read a store, to change it, or to change who may."""
Source: TypeAlias = Literal["owner", "grant", "team", "none"]

RIGHTS: Mapping[Role, frozenset[Right]] = {
    "reader": frozenset({"read"}),
    "writer": frozenset({"read", "write"}),
    "owner": frozenset({"read", "write", "share"}),
}
"""What each role may do (docs/contract.md, section 10.5)."""
MAX_USERS = 48
"""To how many end users a store can be shared. A transaction has room for 100 rows, and one projection may have to
replace all of a store's grants by others; the state, which every commit of a store carries, stays below 4 KB.
"""

# Events


@dataclass(frozen=True, slots=True)
class VectorStoreShared:
    """A role was granted, in place of any other. `user` is an end user's id; None is the team, which is everyone in the
    store's project.
    """

    at: int
    user: str | None
    role: Grantable


@dataclass(frozen=True, slots=True)
class VectorStoreUnshared:
    """The role of an end user, or of the team (None), was taken back."""

    at: int
    user: str | None


# State


@dataclass(frozen=True, slots=True)
class Held:
    """The highest role that someone holds on a store, and where it comes from."""

    role: Role | None = None
    source: Source = "none"


@dataclass(frozen=True, slots=True)
class Sharing:
    """To whom a store is shared.

    Attributes:
        team: the role of everyone in the project, if it has one.
        users: the roles of end users, by their ids.
        former: those who held a role last and hold none now, the latest at the end; None is the team. A cursor of
            theirs may still name the store.
    """

    team: Grantable | None = None
    users: Mapping[str, Grantable] = field(default_factory=dict)
    former: tuple[str | None, ...] = ()

    @property
    def grantees(self) -> frozenset[str | None]:
        """Everyone who holds a granted role; None is the team."""
        return frozenset(self.users) | ({None} if self.team else frozenset())

    def granted(self, user: str | None) -> Grantable | None:
        """Returns the role that was granted to an end user, or to the team (None)."""
        return self.team if user is None else self.users.get(user)

    def held(self, user: str) -> Held:
        """Returns what an end user who is not the owner holds: the higher one of their own role and the team's."""
        own = self.users.get(user)
        if own is not None and (own == "writer" or self.team != "writer"):
            return Held(own, "grant")
        return Held(self.team, "team") if self.team else Held()

    def was_shared_to(self, user: str) -> bool:
        """Whether an end user holds a granted role, or was among the last who lost one."""
        return self.held(user).role is not None or user in self.former or None in self.former


# Evolve


def shared(sharing: Sharing, event: VectorStoreShared | VectorStoreUnshared) -> Sharing:
    """Returns the sharing after one more event."""
    user, role = event.user, event.role if isinstance(event, VectorStoreShared) else None
    former = tuple(each for each in sharing.former if each != user)
    former = former if role else (*former, user)[-MAX_USERS:]
    if user is None:
        return Sharing(role, sharing.users, former)
    users = {each: held for each, held in sharing.users.items() if each != user}
    return Sharing(sharing.team, {**users, user: role} if role else users, former)


# Decisions


def decide_sharing(
    sharing: Sharing, command: VectorStoreShared | VectorStoreUnshared
) -> Sequence[VectorStoreShared | VectorStoreUnshared]:
    """Grants a role, or takes one back; decides nothing if that role is held already, or none is.

    Raises:
        Invalid: the store is shared to too many end users.
    """
    user, held = command.user, sharing.granted(command.user)
    match command:
        case VectorStoreShared():
            if user is not None and held is None and len(sharing.users) >= MAX_USERS:
                raise Invalid(
                    f"A vector store can be shared with at most {MAX_USERS} end users, and this one is. Remove a "
                    f"permission, or grant a role to the team.",
                    param="user_id",
                    code="too_many_permissions",
                )
            return [] if held == command.role else [command]
        case VectorStoreUnshared():
            return [command] if held else []
        case _ as never:
            assert_never(never)


# Who may do what


def held_by_name(owner: Owner, sharing: Sharing, user: str) -> Held:
    """Returns what a name holds: that of the owner, which is the project's if the project is the owner, or that of an
    end user.
    """
    return Held("owner", "owner") if user == owner.name else sharing.held(user)


def role_of(owner: Owner, sharing: Sharing, caller: Caller) -> Role | None:
    """Returns the role with which a caller acts on a store; None if the store does not exist for the caller. A key that
    acts for its project may do what the owner may.
    """
    if caller.project != owner.project:
        return None
    if caller.user is None or caller.user == owner.user:
        return "owner"
    return sharing.held(caller.user).role
