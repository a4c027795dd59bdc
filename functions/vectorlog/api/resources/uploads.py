"""Routes of uploads."""

from __future__ import annotations

from collections.abc import Mapping

from vectorlog.api import present
from vectorlog.api.call import Call, form_expected
from vectorlog.api.input import parse, refusals
from vectorlog.api.input.file_fields import expires_after_s
from vectorlog.api.input.upload_forms import only_file, text_fields
from vectorlog.api.input.upload_schemas import PartForm, UploadCompletion, UploadCreation
from vectorlog.api.response import Response, json_response
from vectorlog.domain.errors import Invalid
from vectorlog.use_cases import uploads
from vectorlog.use_cases.uploads import CreateUpload, ReceivedPart, UploadView


def create(call: Call) -> Response:
    """POST /uploads."""
    call.no_query()
    body, limit = call.body(UploadCreation), call.deployment.upload_limits.upload
    if body.bytes > limit:
        raise refusals.number_too_large("bytes", limit, body.bytes)
    seconds = None if body.expires_after is None else body.expires_after.seconds
    command = CreateUpload(
        filename=body.filename,
        purpose=body.purpose,
        size=body.bytes,
        content_type=body.mime_type,
        file_expires_after_s=expires_after_s(body.purpose, seconds),
        direct_part_size=body.direct_part_size,
    )
    return _answer(call, uploads.create(call.deployment, call.actor, command))


def add_part(call: Call) -> Response:
    """POST /uploads/<upload_id>/parts."""
    call.no_query()
    if call.form is None:
        raise Invalid(form_expected("data"), code=None)
    upload, data = call.id("upload_id"), only_file(call.form, "data")
    parse.query_string(PartForm, text_fields(call.form, "data"))
    if not data.size:
        raise Invalid("Invalid 'data': the part has no bytes.", param="data")
    received = ReceivedPart(data.content, data.size, data.sha256)
    return json_response(present.upload_part(uploads.add_part(call.deployment, call.actor, upload, received)))


def complete(call: Call) -> Response:
    """POST /uploads/<upload_id>/complete."""
    call.no_query()
    upload, body = call.id("upload_id"), call.body(UploadCompletion)
    view = uploads.complete(call.deployment, call.actor, upload, body.part_ids, body.md5, call.take)
    return _answer(call, view)


def cancel(call: Call) -> Response:
    """POST /uploads/<upload_id>/cancel."""
    call.no_query()
    return _answer(call, uploads.cancel(call.deployment, call.actor, call.id("upload_id")))


def _answer(call: Call, view: UploadView) -> Response:
    return json_response(present.upload(view, _addresses(call, view)))


def _addresses(call: Call, view: UploadView) -> Mapping[str, str]:
    """Returns the addresses of the parts that the client sends straight to the storage, by part."""
    seconds = (view.state.expires_at - view.at) // 1000
    if seconds <= 0 or view.state.ended:
        return {}
    return {
        part: call.sign_part(call.request, view.id, part, size, seconds) for part, size in view.direct_parts.items()
    }
