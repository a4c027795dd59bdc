"""Loads the things that a caller may access: those of its project, or only those of its end user if it acts for one."""

from __future__ import annotations

from typing import TypeVar

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, file_batch, uploaded_file, vector_store
from vectorlog.event_log.codec import FILE_BATCH, UPLOADED_FILE, VECTOR_STORE, Aggregate
from vectorlog.event_log.streams import Loaded
from vectorlog.use_cases.actor import Actor

S = TypeVar("S")
E = TypeVar("E")


def load_if_repeated(deployment: Deployment, actor: Actor, aggregate: Aggregate[S, E], stream: str) -> Loaded[S]:
    """Returns the stream of an id that this request makes. It is read only if the request has an Idempotency-Key, and
    so may be a repetition; otherwise it is empty.
    """
    return deployment.streams.load(aggregate, stream) if actor.key else deployment.streams.empty(aggregate, stream)


def store(deployment: Deployment, actor: Actor, store: str, *, expired_too: bool = False) -> Loaded[vector_store.State]:
    """Loads a store that the caller may see.

    Raises:
        NotFound: it does not exist, or the caller may not see it.
        Expired: it has expired, and `expired_too` is false.
    """
    loaded = own_store(deployment, actor, store)
    state = loaded.state
    if not state.exists:
        raise errors.store_not_found(store)
    if not expired_too and state.expired(deployment.clock()):
        raise errors.store_expired(store)
    return loaded


def own_store(deployment: Deployment, actor: Actor, store: str) -> Loaded[vector_store.State]:
    """Loads a store that the caller may see, even if it is deleted.

    Raises:
        NotFound: it never existed, or the caller may not see it.
    """
    loaded = deployment.streams.load(VECTOR_STORE, store)
    if loaded.state.owner is None or not actor.caller.sees(loaded.state.owner):
        raise errors.store_not_found(store)
    return loaded


def own_file(deployment: Deployment, actor: Actor, file: str, param: str = "id") -> Loaded[uploaded_file.State]:
    """Loads an uploaded file that the caller may see, even if it is deleted.

    Raises:
        NotFound: it never existed, or the caller may not see it; `param` names the request's field.
    """
    loaded = deployment.streams.load(UPLOADED_FILE, file)
    if loaded.state.owner is None or not actor.caller.sees(loaded.state.owner):
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


def batch(deployment: Deployment, actor: Actor, store_id: str, batch: str) -> Loaded[file_batch.State]:
    """Loads a batch of a store that the caller may see.

    Raises:
        NotFound: the store or the batch does not exist, or the caller may not see the store.
        Expired: the store has expired.
    """
    _, loaded = deployment.together(
        lambda: store(deployment, actor, store_id), lambda: deployment.streams.load(FILE_BATCH, batch)
    )
    if loaded.state.store != store_id:
        raise errors.batch_not_found(store_id, batch)
    return loaded
