"""Permissions: lists who has a role on a store, and grants roles and takes them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, vector_store
from vectorlog.domain.errors import Invalid, NotFound
from vectorlog.domain.sharing import Grantable, Held, VectorStoreShared, VectorStoreUnshared, held_by_name
from vectorlog.domain.tenancy import Owner
from vectorlog.event_log.codec import VECTOR_STORE
from vectorlog.event_log.streams import Outcome, Plan
from vectorlog.use_cases import access, commits
from vectorlog.use_cases.actor import Actor


@dataclass(frozen=True, slots=True)
class Permission:
    """What someone holds on a store. `user` is an end user's id, or the name of the store's owner; None is the team."""

    store: str
    user: str | None
    held: Held


def list_all(deployment: Deployment, actor: Actor, store: str) -> list[Permission]:
    """Returns who holds a role on a store: the owner, then the team if it has one, then end users by their ids.

    Raises:
        NotFound: the store does not exist, or the caller has no role on it.
        Expired: the store has expired.
    """
    state = access.store(deployment, actor, store, "read").state
    owner, sharing = _owner(state), state.sharing
    team = [Permission(store, None, Held(sharing.team, "team"))] if sharing.team else []
    users = [Permission(store, user, Held(role, "grant")) for user, role in sorted(sharing.users.items())]
    return [Permission(store, owner.name, Held("owner", "owner")), *team, *users]


def get(deployment: Deployment, actor: Actor, store: str, user: str | None) -> Permission:
    """Returns the highest role that an end user holds on a store, of their own or as one of the team; or the team's.

    Raises:
        NotFound: the store does not exist, or the caller has no role on it.
        Expired: the store has expired.
    """
    state = access.store(deployment, actor, store, "read").state
    if user is None:
        team = state.sharing.team
        return Permission(store, None, Held(team, "team") if team else Held())
    return Permission(store, user, held_by_name(_owner(state), state.sharing, user))


def grant(deployment: Deployment, actor: Actor, store: str, user: str | None, role: Grantable) -> Permission:
    """Grants a role to an end user or to the team, in place of one that they held.

    Raises:
        NotFound: the store does not exist, or the caller has no role on it; or the request is a repeated one, and the
            role was taken back since.
        Expired: the store has expired.
        Forbidden: the caller is neither the store's owner nor its project.
        Invalid: the end user is the owner, or the store is shared with too many.
    """
    outcome = _change(deployment, actor, store, VectorStoreShared(deployment.clock(), user, role))
    held = outcome.state.sharing.granted(user)
    if held is None:
        raise _none_held(store, user)
    return Permission(store, user, Held(held, "team" if user is None else "grant"))


def revoke(deployment: Deployment, actor: Actor, store: str, user: str | None) -> None:
    """Takes back the role of an end user or of the team. From now on no request uses it.

    Raises:
        NotFound: none is held; or the store does not exist, or the caller has no role on it.
        Expired: the store has expired.
        Forbidden: the caller is neither the store's owner nor its project.
        Invalid: the end user is the owner.
    """
    outcome = _change(deployment, actor, store, VectorStoreUnshared(deployment.clock(), user))
    if outcome.decision is None:
        raise _none_held(store, user)


def _change(
    deployment: Deployment, actor: Actor, store: str, command: VectorStoreShared | VectorStoreUnshared
) -> Outcome[vector_store.State, vector_store.Event]:
    loaded = access.store(deployment, actor, store, "share")
    if command.user == _owner(loaded.state).name:
        raise Invalid(
            f"'{command.user}' is the owner of vector store '{store}'. The owner's role cannot be granted, changed or "
            f"removed.",
            param="user_id",
        )

    def decide(state: vector_store.State) -> Sequence[vector_store.Event]:
        if not state.exists:
            raise errors.store_not_found(store)
        return vector_store.share(state, command)

    plan = Plan(VECTOR_STORE, store, decide, actor.key, loaded)
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    return outcome


def _owner(state: vector_store.State) -> Owner:
    if state.owner is None:
        raise ValueError("a store that a caller may access has an owner")
    return state.owner


def _none_held(store: str, user: str | None) -> NotFound:
    who = "The team" if user is None else f"'{user}'"
    return NotFound(f"{who} holds no permission on vector store '{store}'.", param="user_id")
