"""Vector stores: create, get, list, modify and delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vectorlog.deployment import Deployment
from vectorlog.domain import errors, file_batch, ids, vector_store
from vectorlog.domain.errors import Invalid, Unavailable
from vectorlog.domain.file_batch import FileBatchCreated
from vectorlog.domain.filters import Scalar
from vectorlog.domain.manifest import BatchItem
from vectorlog.domain.vectors import Space
from vectorlog.embedding.catalogue import ModelNotConfigured, UnknownModel, UnsupportedDimensions
from vectorlog.embedding.embedder import EmbeddingError
from vectorlog.embedding.reporting import ReportingEmbedder
from vectorlog.event_log import codec
from vectorlog.event_log.codec import FILE_BATCH, VECTOR_STORE
from vectorlog.event_log.streams import Loaded, Plan
from vectorlog.use_cases import access, batch_files, commits, fan_out, manifests, pages, store_places
from vectorlog.use_cases.actor import Actor
from vectorlog.use_cases.pages import Page, PageRequest
from vectorlog.views import keys
from vectorlog.views.counts import Counts, store_counts_of


@dataclass(frozen=True, slots=True)
class CreateStore:
    """The settings of a new store; `files` are attached as its first batch."""

    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)
    expires_after_days: int | None = None
    model: str | None = None
    dimensions: int | None = None
    files: tuple[BatchItem, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store as it is shown."""

    id: str
    state: vector_store.State
    counts: Counts
    expired: bool


def create(deployment: Deployment, actor: Actor, command: CreateStore) -> StoreView:
    """Creates a store and attaches its first files.

    Raises:
        Invalid: the model is unknown, or does not have these dimensions.
        NotFound: one of the files does not exist; no store is created.
        DuplicateContent: the deployment refuses the same bytes twice in a store, and two of the files have the same.
        Unavailable: the embedding provider did not say how many dimensions the model has.
    """
    store = actor.new_id("vs", deployment.random)
    space, at, owner = _space(deployment, command), deployment.clock(), actor.caller.as_owner()
    first = None
    loaded_store = access.load_if_repeated(deployment, actor, VECTOR_STORE, store)
    if command.files:
        if loaded_store.state.owner is None:  # a repeated request is not checked: some files may be deleted by now
            batch_files.check(deployment, actor, store, command.files, param="file_ids")
        batch = ids.make("vsfb", store.encode())
        first = vector_store.FirstBatch(batch, manifests.keep(deployment, store, batch, command.files))
    created = vector_store.VectorStoreCreated(
        at=at,
        owner=owner,
        model=space.model,
        dimensions=space.dimensions,
        name=command.name,
        description=command.description,
        metadata=command.metadata,
        expires_after_days=command.expires_after_days,
        batch=first,
    )
    plans: list[Plan[Any, Any]] = [
        Plan(VECTOR_STORE, store, lambda state: vector_store.create(state, created), actor.key, loaded_store)
    ]
    if first is not None:
        batch_created = FileBatchCreated(at, store, owner, first.manifest)
        loaded_batch = access.load_if_repeated(deployment, actor, FILE_BATCH, first.id)
        plans.append(
            Plan(FILE_BATCH, first.id, lambda state: file_batch.create(state, batch_created), loaded=loaded_batch)
        )
    outcomes = commits.decide_and_show(deployment, plans, meta=actor.meta)
    if not outcomes[0].state.exists:  # the request is a repeated one, and the store was deleted since
        raise errors.store_not_found(store)
    count = first.manifest.count if first else 0
    if first is not None:
        fan_out.fan_out_small(deployment, first.id, count)
    new = outcomes[0].decision is not None and outcomes[0].version == 0
    waiting = new and (count == 0 or count > deployment.inline_files)
    counts = (
        Counts(in_progress=count, unreached=count, pending=count) if waiting else deployment.views.store_counts(store)
    )
    return _view(deployment, store, outcomes[0].state, counts)


def get(deployment: Deployment, actor: Actor, store: str) -> StoreView:
    """Returns a store with its counts, even if it has expired."""
    loaded, counts = deployment.together(
        lambda: access.store(deployment, actor, store, "read", expired_too=True),
        lambda: deployment.views.store_counts(store),
    )
    return _view(deployment, store, loaded.state, counts)


def list_page(deployment: Deployment, actor: Actor, request: PageRequest) -> Page[StoreView]:
    """Returns a page of the stores that the caller may read, by time of creation. A place in a list names a store, and
    the store's row is read then, so it shows whatever has happened to the store.
    """
    stores, page_range = store_places.read(deployment, actor.caller, request)
    rows = deployment.views.rows([keys.store(store) for store in stores])
    views = []
    for store in stores:
        row = rows.get(keys.store(store))
        state = codec.decode_state(VECTOR_STORE, row.data) if row and row.data else None
        state = state or deployment.streams.load(VECTOR_STORE, store).state
        views.append(_view(deployment, store, state, store_counts_of(row.counts if row else {})))
    page = pages.cut(views, page_range)
    return Page(tuple(view for view in page.items if access.lists_store(view.state, actor.caller)), page.has_more)


def modify(
    deployment: Deployment,
    actor: Actor,
    store: str,
    change: Callable[[vector_store.State], tuple[str | None, Mapping[str, Scalar], int | None]],
) -> StoreView:
    """Changes a store; `change` returns its new name, metadata and days to expiry.

    Raises:
        NotFound: the store does not exist, or the caller may not see it.
        Expired: it has expired.
    """
    loaded, counts = deployment.together(
        lambda: access.store(deployment, actor, store, "write"), lambda: deployment.views.store_counts(store)
    )
    at = deployment.clock()

    def decide(state: vector_store.State) -> Sequence[vector_store.Event]:
        if not state.exists:
            raise errors.store_not_found(store)
        if state.expired(at):
            raise errors.store_expired(store)
        return vector_store.modify(state, vector_store.VectorStoreModified(at, *change(state)))

    [outcome] = commits.decide_and_show(
        deployment, [Plan(VECTOR_STORE, store, decide, actor.key, loaded)], meta=actor.meta
    )
    return _view(deployment, store, outcome.state, counts)


def delete(deployment: Deployment, actor: Actor, store: str) -> None:
    """Deletes a store; from now on no search finds anything in it. A worker removes its chunks, rows and objects later.

    Raises:
        NotFound: it does not exist, or the caller has no role on it.
        Forbidden: the caller may only read it.
    """
    loaded = access.store(deployment, actor, store, "write", expired_too=True, deleted_too=True)
    at = deployment.clock()
    plan = Plan(VECTOR_STORE, store, lambda state: vector_store.delete(state, at), loaded=loaded)
    [outcome] = commits.decide_and_show(deployment, [plan], meta=actor.meta)
    if outcome.decision is None:
        raise errors.store_not_found(store)


def require_model(deployment: Deployment, state: vector_store.State) -> ReportingEmbedder:
    """Returns the embedder of a store's model.

    Raises:
        Invalid: the deployment no longer offers the model.
    """
    try:
        return deployment.models.embedder(state.space)
    except ModelNotConfigured as error:
        raise Invalid(str(error), param="embedding_model", code="model_not_configured") from None


def used(loaded: Loaded[vector_store.State], at: int, *, search: bool) -> list[Plan[Any, Any]]:
    """Returns the plan that records a use of a store, or no plan if the last use is recent. Its outcome need not be
    projected by the request, because no request waits for the time of a use to reach the lists; the feed projects it.
    """
    command = vector_store.VectorStoreUsed(at, search)
    due = vector_store.use(loaded.state, command)
    return (
        [Plan(VECTOR_STORE, loaded.stream, lambda state: vector_store.use(state, command), loaded=loaded)]
        if due
        else []
    )


def _space(deployment: Deployment, command: CreateStore) -> Space:
    try:
        return deployment.models.resolve(command.model, command.dimensions)
    except UnknownModel as error:
        raise Invalid(str(error), param="embedding_model") from None
    except UnsupportedDimensions as error:
        raise Invalid(str(error), param="embedding_dimensions") from None
    except EmbeddingError as error:
        raise Unavailable(f"The embedding model did not say how many dimensions it has: {error}") from None


def _view(deployment: Deployment, store: str, state: vector_store.State, counts: Counts) -> StoreView:
    return StoreView(store, state, counts, state.expired(deployment.clock()))
