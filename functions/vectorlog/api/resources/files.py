"""Routes of uploaded files."""

from __future__ import annotations

from functools import partial
from urllib.parse import quote

from vectorlog.api import present
from vectorlog.api.call import Call, form_expected
from vectorlog.api.content_type import served_as
from vectorlog.api.input import parse
from vectorlog.api.input.file_fields import FileForm, filename_refusal, no_filename
from vectorlog.api.input.form import SpooledFile
from vectorlog.api.input.queries import Deletion, FileList
from vectorlog.api.input.upload_forms import only_file, text_fields
from vectorlog.api.response import Response, json_response
from vectorlog.domain import errors
from vectorlog.domain.errors import Invalid
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.use_cases import erasure, uploaded_files
from vectorlog.use_cases.uploaded_files import Upload

NAMELESS = "upload"
"""The name of bytes that come without one, as `openai` for Python calls them."""
BLOB = "blob"
"""The name that browsers give to bytes without one."""


def upload(call: Call) -> Response:
    """POST /files."""
    call.no_query()
    if call.form is None:
        raise Invalid(form_expected("file"), code=None)
    fields = parse.query_string(FileForm, text_fields(call.form, "file"))
    file = only_file(call.form, "file")
    command = Upload(
        filename=_filename(call, file),
        purpose=fields.purpose,
        content=file.content,
        size=file.size,
        sha256=file.sha256,
        content_type=file.content_type,
        expires_after_s=fields.expires_after_s,
    )
    return json_response(present.file(uploaded_files.upload(call.deployment, call.actor, command)))


def list_all(call: Call) -> Response:
    """GET /files."""
    query = call.query(FileList)
    page = uploaded_files.list_page(call.deployment, call.actor, query.page, query.purpose, query.sha256)
    return json_response(
        present.page([present.file(view) for view in page.items], call.dialect, has_more=page.has_more)
    )


def get(call: Call) -> Response:
    """GET /files/<file_id>."""
    call.no_query()
    return json_response(present.file(uploaded_files.get(call.deployment, call.actor, call.id("file_id"))))


def delete(call: Call) -> Response:
    """DELETE /files/<file_id>."""
    file = call.id("file_id")
    if call.query(Deletion).erase:
        call.check_scope("admin")
        erasure.erase_file(call.deployment, call.actor, file)
    else:
        uploaded_files.delete(call.deployment, call.actor, file)
    return json_response(present.deleted("file", file))


def content(call: Call) -> Response:
    """GET /files/<file_id>/content."""
    call.no_query()
    file, blobs = call.id("file_id"), call.deployment.blobs
    view, key = uploaded_files.content(call.deployment, call.actor, file)

    name = view.state.filename
    try:
        content_type = call.dialect.download(served_as(view.state.content_type, name, partial(blobs.head, key)))
        headers = {
            "content-type": content_type,
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "x-content-type-options": "nosniff",  # a browser must not run an uploaded page as if it were ours
        }
        return call.send_blob(blobs, key, name, headers)
    except NoSuchBlob:  # the file was deleted after its stream was read
        raise errors.file_not_found(file) from None


def _filename(call: Call, file: SpooledFile) -> str:
    """Returns the name of a file. Bytes without one are called `upload`, where the dialect does not refuse them."""
    name = file.filename
    if call.dialect.needs_filename and name in (None, BLOB):
        raise no_filename("file")
    if name is None and not file.size:
        raise no_filename("file")
    if name is None:
        return NAMELESS
    if refusal := filename_refusal("file", name):
        raise refusal
    return name
