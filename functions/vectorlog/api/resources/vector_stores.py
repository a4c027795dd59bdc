"""Routes of vector stores."""

from __future__ import annotations

from collections.abc import Mapping

from vectorlog.api import poll, present
from vectorlog.api.call import Call
from vectorlog.api.input.queries import Deletion, Moment, StoreList
from vectorlog.api.input.schemas import StoreChange, StoreCreation
from vectorlog.api.response import Response, json_response
from vectorlog.domain import errors
from vectorlog.domain.filters import Scalar
from vectorlog.domain.vector_store import State
from vectorlog.use_cases import as_of, erasure, vector_stores
from vectorlog.use_cases.vector_stores import CreateStore


def create(call: Call) -> Response:
    """POST /vector_stores."""
    call.no_query()
    body = call.body(StoreCreation)
    command = CreateStore(
        name=body.name,
        description=body.description,
        metadata=body.metadata or {},
        expires_after_days=body.expires_after.days if body.expires_after else None,
        model=body.embedding_model,
        dimensions=body.embedding_dimensions,
        files=body.files,
    )
    headers = call.count_files(len(command.files))
    return json_response(present.store(vector_stores.create(call.deployment, call.actor, command)), headers=headers)


def list_all(call: Call) -> Response:
    """GET /vector_stores."""
    page = vector_stores.list_page(call.deployment, call.actor, call.query(StoreList).page)
    return json_response(
        present.page([present.store(view) for view in page.items], call.dialect, has_more=page.has_more)
    )


def get(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>."""
    store, at = call.id("vector_store_id"), call.query(Moment).at_ms
    if at is not None:
        return json_response(present.store(as_of.store(call.deployment, call.actor, store, at)))
    view = vector_stores.get(call.deployment, call.actor, store)
    if view.expired and not call.dialect.shows_expired:
        raise errors.store_expired(view.id)
    headers = (
        poll.hint(call.deployment.clock(), view.state.active_at) if view.counts.in_progress and not view.expired else {}
    )
    return json_response(present.store(view), headers=headers)


def modify(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>."""
    call.no_query()
    store, body = call.id("vector_store_id"), call.body(StoreChange)
    fields, days = body.model_fields_set, body.expires_after.days if body.expires_after else None
    metadata: Mapping[str, Scalar] = body.metadata or {}

    def change(state: State) -> tuple[str | None, Mapping[str, Scalar], int | None]:
        return (
            body.name if "name" in fields else state.name,
            metadata if "metadata" in fields else state.metadata,
            days if "expires_after" in fields else state.expires_after_days,
        )

    return json_response(present.store(vector_stores.modify(call.deployment, call.actor, store, change)))


def delete(call: Call) -> Response:
    """DELETE /vector_stores/<vector_store_id>."""
    store = call.id("vector_store_id")
    if call.query(Deletion).erase:
        call.check_scope("admin")
        erasure.erase_store(call.deployment, call.actor, store)
    else:
        vector_stores.delete(call.deployment, call.actor, store)
    return json_response(present.deleted("vector_store.deleted", store))
