"""Loads the things that a caller may access. Every use case loads stores, batches and uploaded files here, so this is
the only place that decides who may do what (docs/contract.md, section 10.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, file_batch, uploaded_file, vector_store
from vectorlog.domain.errors import Forbidden
from vectorlog.domain.sharing import RIGHTS, Right
from vectorlog.domain.tenancy import Caller
from vectorlog.event_log.codec import FILE_BATCH, UPLOADED_FILE, VECTOR_STORE, Aggregate
from vectorlog.event_log.streams import Loaded
from vectorlog.use_cases.actor import Actor

NO_ROLE = ""
"""Stands for an end user who has no role of their own on a store, and so that of the team; nobody has this name."""

S = TypeVar("S")
E = TypeVar("E")


def load_if_repeated(deployment: Deployment, actor: Actor, aggregate: Aggregate[S, E], stream: str) -> Loaded[S]:
    """Returns the stream of an id that this request makes. It is read only if the request has an Idempotency-Key, and
    so may be a repetition; otherwise it is empty.
    """
    return deployment.streams.load(aggregate, stream) if actor.key else deployment.streams.empty(aggregate, stream)


def store(
    deployment: Deployment,
    actor: Actor,
    store: str,
    right: Right,
    *,
    expired_too: bool = False,
    deleted_too: bool = False,
) -> Loaded[vector_store.State]:
    """Loads a store on which the caller has a right. It is read from its stream, whose state says to whom it is shared:
    a role that was taken back is of no use from then on.

    Raises:
        NotFound: it never existed, or the caller has no role on it; or it is deleted, and `deleted_too` is false.
        Expired: it has expired, and `expired_too` is false.
        Forbidden: the caller's role does not have the right.
    """
    loaded = deployment.streams.load(VECTOR_STORE, store)
    state, role = loaded.state, loaded.state.role_of(actor.caller)
    if role is None or not (state.exists or deleted_too):
        raise errors.store_not_found(store)
    if not expired_too and state.expired(deployment.clock()):
        raise errors.store_expired(store)
    if right not in RIGHTS[role]:
        raise Forbidden(_needs(store, right))
    deployment.wake()  # who uses a store will search it
    return loaded


def of_link(deployment: Deployment, store: str, is_user: Callable[[str], bool] | None) -> Caller:
    """Returns the caller for whom the address of a passage was made. It has the rights of today: if its role was taken
    back since, `store` finds nothing for it.

    Args:
        deployment: has the store.
        store: the store's id.
        is_user: whether the address was made for this end user; None: it was made for the project.

    Raises:
        NotFound: the store does not exist.
    """
    state = deployment.streams.load(VECTOR_STORE, store).state
    if state.owner is None or not state.exists:
        raise errors.store_not_found(store)
    if is_user is None:
        return Caller(state.owner.project)
    known = [each for each in (state.owner.user, *state.sharing.users) if each is not None]
    return Caller(state.owner.project, next(filter(is_user, known), NO_ROLE))


def lists_store(state: vector_store.State, caller: Caller) -> bool:
    """Whether a caller's list of stores shows a store."""
    return state.exists and state.role_of(caller) is not None


def has_listed_store(state: vector_store.State, caller: Caller) -> bool:
    """Whether a caller's list of stores shows a store, or once did, so that a cursor may name it."""
    if state.role_of(caller) is not None:
        return True
    in_project = state.owner is not None and state.owner.project == caller.project
    return in_project and caller.user is not None and state.sharing.was_shared_to(caller.user)


def sees_file(state: uploaded_file.State | None, caller: Caller) -> bool:
    """Whether a caller may see an uploaded file, and attach it: one of its own, or, for a project, any of its files. A
    store that is shared does not share the uploads in it.
    """
    return state is not None and state.owner is not None and caller.sees(state.owner)


def own_file(deployment: Deployment, actor: Actor, file: str, param: str = "id") -> Loaded[uploaded_file.State]:
    """Loads an uploaded file that the caller may see, even if it is deleted.

    Raises:
        NotFound: it never existed, or the caller may not see it; `param` names the request's field.
    """
    loaded = deployment.streams.load(UPLOADED_FILE, file)
    if not sees_file(loaded.state, actor.caller):
        raise errors.file_not_found(file, param)
    return loaded


def file(deployment: Deployment, actor: Actor, file: str, param: str = "id") -> Loaded[uploaded_file.State]:
    """Loads an uploaded file that the caller may see and that is neither deleted nor expired.

    Raises:
        NotFound: it does not exist, or the caller may not see it; `param` names the request's field.
    """
    loaded = own_file(deployment, actor, file, param)
    if not loaded.state.is_available(deployment.clock()):
        raise errors.file_not_found(file, param)
    return loaded


def batch(deployment: Deployment, actor: Actor, store_id: str, batch: str, right: Right) -> Loaded[file_batch.State]:
    """Loads a batch of a store on which the caller has a right, no matter who created the batch.

    Raises:
        NotFound: the store or the batch does not exist, or the caller has no role on the store.
        Expired: the store has expired.
        Forbidden: the caller's role does not have the right.
    """
    _, loaded = deployment.together(
        lambda: store(deployment, actor, store_id, right), lambda: deployment.streams.load(FILE_BATCH, batch)
    )
    if loaded.state.store != store_id:
        raise errors.batch_not_found(store_id, batch)
    return loaded


def _needs(store: str, right: Right) -> str:
    if right == "share":
        return (
            f"Only the owner of vector store '{store}', or a key without X-On-Behalf-Of, may change who has which "
            f"permission."
        )
    return f"You may read vector store '{store}' but not change it. Ask its owner for the role 'writer'."
