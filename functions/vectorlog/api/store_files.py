"""Routes of files in a store."""

from __future__ import annotations

from vectorlog.api import poll, present
from vectorlog.api.queries import StoreFileList
from vectorlog.api.request import Answer, Request
from vectorlog.api.schemas import AttributesChange, FileAttachment
from vectorlog.use_cases import store_files
from vectorlog.use_cases.store_files import AttachFile


def attach(request: Request) -> Answer:
    """POST /vector_stores/<vector_store_id>/files."""
    request.no_query()
    store, body = request.id("vector_store_id"), request.body(FileAttachment)
    listed = body.listed(body.file_id)
    command = AttachFile(listed.file, listed.attributes, listed.chunking, skip_duplicates=bool(body.skip_duplicates))
    return Answer(
        present.store_file(store_files.attach(request.deployment, request.actor, store, command), request.dialect)
    )


def list_all(request: Request) -> Answer:
    """GET /vector_stores/<vector_store_id>/files."""
    store, asked = request.id("vector_store_id"), request.query(StoreFileList)
    page = store_files.list_page(request.deployment, request.actor, store, asked.page, asked.filter)
    shown = [present.store_file(view, request.dialect) for view in page.items]
    return Answer(present.page(shown, request.dialect, has_more=page.has_more))


def get(request: Request) -> Answer:
    """GET /vector_stores/<vector_store_id>/files/<file_id>."""
    request.no_query()
    view = store_files.get(request.deployment, request.actor, request.id("vector_store_id"), request.id("file_id"))
    since = view.state.open.since if view.state.open else view.state.placement.at if view.state.placement else 0
    headers = poll.hint(request.deployment.clock(), since) if view.state.status == "in_progress" else {}
    return Answer(present.store_file(view, request.dialect), headers=headers)


def change_attributes(request: Request) -> Answer:
    """POST /vector_stores/<vector_store_id>/files/<file_id>."""
    request.no_query()
    store, file, body = request.id("vector_store_id"), request.id("file_id"), request.body(AttributesChange)
    view = store_files.change_attributes(request.deployment, request.actor, store, file, body.attributes or {})
    return Answer(present.store_file(view, request.dialect))


def detach(request: Request) -> Answer:
    """DELETE /vector_stores/<vector_store_id>/files/<file_id>."""
    request.no_query()
    file = request.id("file_id")
    store_files.detach(request.deployment, request.actor, request.id("vector_store_id"), file)
    return Answer(present.deleted("vector_store.file.deleted", file))


def content(request: Request) -> Answer:
    """GET /vector_stores/<vector_store_id>/files/<file_id>/content."""
    request.no_query()
    found = store_files.content(request.deployment, request.actor, request.id("vector_store_id"), request.id("file_id"))
    return Answer(present.content(found, request.dialect))
