"""Routes of uploaded files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from vectorlog.api import present
from vectorlog.api.call import FORM_EXPECTED, Call
from vectorlog.api.content_type import served_as
from vectorlog.api.input import parse, refusals
from vectorlog.api.input.form import SpooledFile
from vectorlog.api.input.queries import Deletion, FileList, NoParameters
from vectorlog.api.response import Response, json_response
from vectorlog.domain import errors
from vectorlog.domain.errors import Invalid
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.use_cases import erasure, uploaded_files
from vectorlog.use_cases.uploaded_files import Upload

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
MAX_FILENAME_CHARS = 1024
BATCH_EXPIRES_AFTER_S = 30 * 86_400
"""Files of purpose `batch` expire after 30 days by default, others never (docs/contract.md, section 2.1)."""


class FileForm(NoParameters):
    """The text fields of an upload."""

    purpose: str
    anchor: Literal["created_at"] | None = Field(default=None, alias="expires_after[anchor]")
    seconds: int | None = Field(default=None, alias="expires_after[seconds]", ge=3600, le=2_592_000)


def upload(call: Call) -> Response:
    """POST /files."""
    call.no_query()
    if call.form is None:
        raise Invalid(FORM_EXPECTED, code=None)
    fields = parse.query_string(FileForm, {key: values for key, values in call.form.fields.items() if key != "file"})
    file = _only_file(call.form.files, given_as_text="file" in call.form.fields)
    command = Upload(
        filename=file.filename,
        purpose=_purpose(fields.purpose),
        path=file.path,
        size=file.size,
        sha256=file.sha256,
        content_type=file.content_type,
        expires_after_s=_expires_after_s(fields),
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


def _only_file(files: dict[str, SpooledFile], *, given_as_text: bool) -> SpooledFile:
    for name in files:
        if name != "file":
            raise refusals.unknown(name)
    if "file" in files and given_as_text:
        raise refusals.duplicate("file")
    if "file" not in files:
        raise refusals.wrong_type("file", "a file with a filename", "") if given_as_text else refusals.missing("file")
    name = files["file"].filename
    if not name.strip():
        raise Invalid("Invalid 'file': its filename is empty. Give the file part a filename.", param="file")
    if len(name) > MAX_FILENAME_CHARS:
        message = f"Invalid 'file': its filename has {len(name)} characters. At most {MAX_FILENAME_CHARS} are allowed."
        raise Invalid(message, param="file", code="string_above_max_length")
    if not name.isprintable():
        raise Invalid("Invalid 'file': its filename holds control characters.", param="file")
    return files["file"]


def _purpose(value: str, known: Sequence[str] = PURPOSES) -> str:
    if value not in known:
        raise Invalid(f"'{refusals.echo(value)}' is not one of {list(known)} - 'purpose'", param="purpose", code=None)
    return value


def _expires_after_s(fields: FileForm) -> int | None:
    if (fields.anchor is None) != (fields.seconds is None):
        raise refusals.missing("expires_after[anchor]" if fields.anchor is None else "expires_after[seconds]")
    if fields.seconds is None and fields.purpose == "batch":
        return BATCH_EXPIRES_AFTER_S
    return fields.seconds
