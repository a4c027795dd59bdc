"""Routes of file batches."""

from __future__ import annotations

from vectorlog.api import poll, present
from vectorlog.api.queries import StoreFileList
from vectorlog.api.request import Answer, Request
from vectorlog.api.schemas import BatchCreation
from vectorlog.use_cases import file_batches


def create(request: Request) -> Answer:
    """POST /vector_stores/<vector_store_id>/file_batches."""
    request.no_query()
    store, body = request.id("vector_store_id"), request.body(BatchCreation)
    view = file_batches.create(
        request.deployment,
        request.actor,
        store,
        body.listed_files,
        body.param,
        skip_duplicates=bool(body.skip_duplicates),
    )
    return Answer(present.batch(view))


def get(request: Request) -> Answer:
    """GET /vector_stores/<vector_store_id>/file_batches/<batch_id>."""
    request.no_query()
    view = file_batches.get(request.deployment, request.actor, request.id("vector_store_id"), request.id("batch_id"))
    headers = poll.hint(request.deployment.clock(), view.state.created_at) if view.counts.in_progress else {}
    return Answer(present.batch(view), headers=headers)


def cancel(request: Request) -> Answer:
    """POST /vector_stores/<vector_store_id>/file_batches/<batch_id>/cancel; clients send no body, and none is read."""
    request.no_query()
    view = file_batches.cancel(request.deployment, request.actor, request.id("vector_store_id"), request.id("batch_id"))
    return Answer(present.batch(view))


def list_files(request: Request) -> Answer:
    """GET /vector_stores/<vector_store_id>/file_batches/<batch_id>/files."""
    store, batch, asked = request.id("vector_store_id"), request.id("batch_id"), request.query(StoreFileList)
    page = file_batches.list_files(request.deployment, request.actor, store, batch, asked.page, asked.filter)
    shown = [present.store_file(view, request.dialect) for view in page.items]
    return Answer(present.page(shown, request.dialect, has_more=page.has_more))
