"""Routes of vector stores."""

from __future__ import annotations

from collections.abc import Mapping

from vectorlog.api import poll, present
from vectorlog.api.queries import StoreList
from vectorlog.api.request import Answer, Request
from vectorlog.api.schemas import StoreChange, StoreCreation
from vectorlog.domain.errors import Expired
from vectorlog.domain.filters import Scalar
from vectorlog.domain.vector_store import State
from vectorlog.use_cases import vector_stores
from vectorlog.use_cases.vector_stores import CreateStore


def create(request: Request) -> Answer:
    """POST /vector_stores."""
    request.no_query()
    body = request.body(StoreCreation)
    command = CreateStore(
        name=body.name,
        description=body.description,
        metadata=body.metadata or {},
        expires_after_days=body.expires_after.days if body.expires_after else None,
        model=body.embedding_model,
        dimensions=body.embedding_dimensions,
        files=body.files,
    )
    return Answer(present.store(vector_stores.create(request.deployment, request.actor, command)))


def list_all(request: Request) -> Answer:
    """GET /vector_stores."""
    page = vector_stores.list_page(request.deployment, request.actor, request.query(StoreList).page)
    return Answer(present.page([present.store(view) for view in page.items], request.dialect, has_more=page.has_more))


def get(request: Request) -> Answer:
    """GET /vector_stores/<vector_store_id>."""
    request.no_query()
    view = vector_stores.get(request.deployment, request.actor, request.id("vector_store_id"))
    if view.expired and not request.dialect.shows_expired:
        raise Expired(f"Vector store '{view.id}' has expired")
    headers = (
        poll.hint(request.deployment.clock(), view.state.active_at)
        if view.counts.in_progress and not view.expired
        else {}
    )
    return Answer(present.store(view), headers=headers)


def modify(request: Request) -> Answer:
    """POST /vector_stores/<vector_store_id>."""
    request.no_query()
    store, body = request.id("vector_store_id"), request.body(StoreChange)
    given, days = body.model_fields_set, body.expires_after.days if body.expires_after else None
    metadata: Mapping[str, Scalar] = body.metadata or {}

    def change(state: State) -> tuple[str | None, Mapping[str, Scalar], int | None]:
        return (
            body.name if "name" in given else state.name,
            metadata if "metadata" in given else state.metadata,
            days if "expires_after" in given else state.expires_after_days,
        )

    return Answer(present.store(vector_stores.modify(request.deployment, request.actor, store, change)))


def delete(request: Request) -> Answer:
    """DELETE /vector_stores/<vector_store_id>."""
    request.no_query()
    store = request.id("vector_store_id")
    vector_stores.delete(request.deployment, request.actor, store)
    return Answer(present.deleted("vector_store.deleted", store))
