"""Routes of uploaded files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from vectorlog.api import parse, present, refusals
from vectorlog.api.content_type import served_as
from vectorlog.api.form import SpooledFile
from vectorlog.api.queries import FileList, NoParameters
from vectorlog.api.request import Answer, Request
from vectorlog.domain import errors
from vectorlog.domain.errors import Invalid
from vectorlog.files.blobs import NoSuchBlob
from vectorlog.use_cases import uploaded_files
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


def upload(request: Request) -> Answer:
    """POST /files."""
    request.no_query()
    if request.form is None:
        raise Invalid(
            "This endpoint expects a form (multipart/form-data) with the fields 'file' and 'purpose'.", code=None
        )
    fields = parse.query_string(FileForm, {key: values for key, values in request.form.fields.items() if key != "file"})
    file = _only_file(request.form.files, given_as_text="file" in request.form.fields)
    command = Upload(
        filename=file.filename,
        purpose=_purpose(fields.purpose),
        path=file.path,
        size=file.size,
        sha256=file.sha256,
        content_type=file.content_type,
        expires_after_s=_expires_after_s(fields),
    )
    return Answer(present.file(uploaded_files.upload(request.deployment, request.actor, command)))


def list_all(request: Request) -> Answer:
    """GET /files."""
    asked = request.query(FileList)
    page = uploaded_files.list_page(request.deployment, request.actor, asked.page, asked.purpose, asked.sha256)
    return Answer(present.page([present.file(view) for view in page.items], request.dialect, has_more=page.has_more))


def get(request: Request) -> Answer:
    """GET /files/<file_id>."""
    request.no_query()
    return Answer(present.file(uploaded_files.get(request.deployment, request.actor, request.id("file_id"))))


def delete(request: Request) -> Answer:
    """DELETE /files/<file_id>."""
    request.no_query()
    file = request.id("file_id")
    uploaded_files.delete(request.deployment, request.actor, file)
    return Answer(present.deleted("file", file))


def content(request: Request) -> Answer:
    """GET /files/<file_id>/content."""
    request.no_query()
    file, blobs = request.id("file_id"), request.deployment.blobs
    view, key = uploaded_files.content(request.deployment, request.actor, file)

    name = view.state.filename
    try:
        content_type = request.dialect.download(served_as(view.state.content_type, name, partial(blobs.head, key)))
        found = request.transport.blob(blobs, key, name=name, content_type=content_type)
    except NoSuchBlob:  # deleted since it was looked up
        raise errors.file_not_found(file) from None
    # A browser must not run an uploaded page as if it were ours.
    headers = {
        "content-type": content_type,
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "x-content-type-options": "nosniff",
    }
    return Answer(found.body, found.status, {**headers, **found.headers})


def _only_file(files: dict[str, SpooledFile], *, given_as_text: bool) -> SpooledFile:
    for name in files:
        if name != "file":
            raise refusals.unknown(name)
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
