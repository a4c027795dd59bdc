"""What a caller may touch: things of their project, and of themselves where they act as an end user."""

from __future__ import annotations

from typing import TypeVar

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, file_batch, uploaded_file, vector_store
from vectorlog.domain.errors import Expired
from vectorlog.event_log.codec import FILE_BATCH, UPLOADED_FILE, VECTOR_STORE, Aggregate
from vectorlog.event_log.streams import Loaded
from vectorlog.use_cases.actor import Actor

S = TypeVar("S")
E = TypeVar("E")


def load_if_repeated(deployment: Deployment, actor: Actor, aggregate: Aggregate[S, E], stream: str) -> Loaded[S]:
    """The stream of an id that this request makes: without a commit, unless the request may be the repeat of
    another.
    """
    return deployment.streams.load(aggregate, stream) if actor.key else deployment.streams.empty(aggregate, stream)


def store(deployment: Deployment, actor: Actor, store: str, *, expired_too: bool = False) -> Loaded[vector_store.State]:
    """A store that the caller sees.

    Raises:
        NotFound: none there, or not for this caller.
        Expired: its time is over, unless `expired_too`.
    """
    loaded = own_store(deployment, actor, store)
    state = loaded.state
    if not state.exists:
        raise errors.store_not_found(store)
    if not expired_too and state.expired(deployment.clock()):
        raise Expired(f"Vector store '{store}' has expired")
    return loaded


def own_store(deployment: Deployment, actor: Actor, store: str) -> Loaded[vector_store.State]:
    """A store that the caller sees or saw, deleted or not.

    Raises:
        NotFound: there never was one, or not for this caller.
    """
    loaded = deployment.streams.load(VECTOR_STORE, store)
    if loaded.state.owner is None or not actor.caller.sees(loaded.state.owner):
        raise errors.store_not_found(store)
    return loaded


def own_file(deployment: Deployment, actor: Actor, file: str, param: str = "id") -> Loaded[uploaded_file.State]:
    """An uploaded file that the caller sees or saw, deleted or not.

    Raises:
        NotFound: there never was one, or not for this caller.
    """
    loaded = deployment.streams.load(UPLOADED_FILE, file)
    if loaded.state.owner is None or not actor.caller.sees(loaded.state.owner):
        raise errors.file_not_found(file, param)
    return loaded


def file(deployment: Deployment, actor: Actor, file: str, param: str = "id") -> Loaded[uploaded_file.State]:
    """An uploaded file that the caller sees.

    Raises:
        NotFound: none there, or not for this caller; `param` names the field that asked for it.
    """
    loaded = own_file(deployment, actor, file, param)
    if not loaded.state.is_available(deployment.clock()):
        raise errors.file_not_found(file, param)
    return loaded


def batch(deployment: Deployment, actor: Actor, store_id: str, batch: str) -> Loaded[file_batch.State]:
    """A batch of a store that the caller sees.

    Raises:
        NotFound: no such store or batch.
        Expired: the store's time is over.
    """
    _, loaded = deployment.together(
        lambda: store(deployment, actor, store_id), lambda: deployment.streams.load(FILE_BATCH, batch)
    )
    if loaded.state.store != store_id:
        raise errors.batch_not_found(store_id, batch)
    return loaded
