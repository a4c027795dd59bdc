"""Routes of file batches."""

from __future__ import annotations

from vectorlog.api import poll, present
from vectorlog.api.call import Call
from vectorlog.api.input.queries import StoreFileList
from vectorlog.api.input.schemas import BatchCreation
from vectorlog.api.response import Response, json_response
from vectorlog.use_cases import file_batches


def create(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>/file_batches."""
    call.no_query()
    store, body = call.id("vector_store_id"), call.body(BatchCreation)
    headers = call.count_files(len(body.items))
    view = file_batches.create(
        call.deployment,
        call.actor,
        store,
        body.items,
        body.param,
        skip_duplicates=bool(body.skip_duplicates),
    )
    return json_response(present.batch(view), headers=headers)


def get(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/file_batches/<batch_id>."""
    call.no_query()
    view = file_batches.get(call.deployment, call.actor, call.id("vector_store_id"), call.id("batch_id"))
    headers = poll.hint(call.deployment.clock(), view.state.created_at) if view.counts.in_progress else {}
    return json_response(present.batch(view), headers=headers)


def cancel(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>/file_batches/<batch_id>/cancel; clients send no body, so it is not read."""
    call.no_query()
    view = file_batches.cancel(call.deployment, call.actor, call.id("vector_store_id"), call.id("batch_id"))
    return json_response(present.batch(view))


def list_files(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/file_batches/<batch_id>/files."""
    store, batch, query = call.id("vector_store_id"), call.id("batch_id"), call.query(StoreFileList)
    page = file_batches.list_files(call.deployment, call.actor, store, batch, query.page, query.filter)
    shown = [present.store_file(view, call.dialect) for view in page.items]
    return json_response(present.page(shown, call.dialect, has_more=page.has_more))
