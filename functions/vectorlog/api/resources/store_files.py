"""Routes of files in a store."""

from __future__ import annotations

from vectorlog.api import poll, present
from vectorlog.api.call import Call
from vectorlog.api.input.queries import ChunkList, Deletion, Moment, StoreFileListThen
from vectorlog.api.input.schemas import AttributesChange, FileAttachment
from vectorlog.api.response import Response, json_response
from vectorlog.use_cases import as_of, chunk_list, erasure, indexed_text, store_files
from vectorlog.use_cases.store_files import AttachFile


def attach(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>/files."""
    call.no_query()
    store, body = call.id("vector_store_id"), call.body(FileAttachment)
    item = body.item(body.file_id)
    command = AttachFile(item.file, item.attributes, item.chunking, skip_duplicates=bool(body.skip_duplicates))
    headers = call.count_files(1)
    view = store_files.attach(call.deployment, call.actor, store, command)
    return json_response(present.store_file(view, call.dialect), headers=headers)


def list_all(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/files."""
    store, query = call.id("vector_store_id"), call.query(StoreFileListThen)
    if query.at_ms is None:
        page = store_files.list_page(call.deployment, call.actor, store, query.page, query.filter)
    else:
        page = as_of.store_files(call.deployment, call.actor, store, query.at_ms, query.page, query.filter)
    shown = [present.store_file(view, call.dialect) for view in page.items]
    return json_response(present.page(shown, call.dialect, has_more=page.has_more))


def get(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/files/<file_id>."""
    store, file, at = call.id("vector_store_id"), call.id("file_id"), call.query(Moment).at_ms
    if at is not None:
        view = as_of.store_file(call.deployment, call.actor, store, file, at)
        return json_response(present.store_file(view, call.dialect))
    view = store_files.get(call.deployment, call.actor, store, file)
    since = view.state.open.since if view.state.open else view.state.placement.at if view.state.placement else 0
    headers = poll.hint(call.deployment.clock(), since) if view.state.status == "in_progress" else {}
    return json_response(present.store_file(view, call.dialect), headers=headers)


def change_attributes(call: Call) -> Response:
    """POST /vector_stores/<vector_store_id>/files/<file_id>."""
    call.no_query()
    store, file, body = call.id("vector_store_id"), call.id("file_id"), call.body(AttributesChange)
    view = store_files.change_attributes(call.deployment, call.actor, store, file, body.attributes or {})
    return json_response(present.store_file(view, call.dialect))


def detach(call: Call) -> Response:
    """DELETE /vector_stores/<vector_store_id>/files/<file_id>."""
    store, file = call.id("vector_store_id"), call.id("file_id")
    if call.query(Deletion).erase:
        call.check_scope("admin")
        erasure.erase_store_file(call.deployment, call.actor, store, file)
    else:
        store_files.detach(call.deployment, call.actor, store, file)
    return json_response(present.deleted("vector_store.file.deleted", file))


def content(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/files/<file_id>/content."""
    call.no_query()
    file_content = indexed_text.read(call.deployment, call.actor, call.id("vector_store_id"), call.id("file_id"))
    return json_response(present.content(file_content, call.dialect))


def chunks(call: Call) -> Response:
    """GET /vector_stores/<vector_store_id>/files/<file_id>/chunks."""
    store, file, query = call.id("vector_store_id"), call.id("file_id"), call.query(ChunkList)
    page = chunk_list.list_page(call.deployment, call.actor, store, file, query.page)
    return json_response(present.page(list(map(present.chunk, page.items)), call.dialect, has_more=page.has_more))
