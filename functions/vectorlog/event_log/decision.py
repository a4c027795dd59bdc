"""Decoded commits, typed by the kind of their stream, so that code that must handle every event fails the type check
if it forgets one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from vectorlog.domain import (
    api_key,
    file_batch,
    project_limits,
    store_file,
    upload,
    upload_part,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)

if TYPE_CHECKING:
    from typing_extensions import TypeIs

S = TypeVar("S")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Decision(Generic[S, E]):
    """A decoded commit. `text` is its state as stored; `meta` says where it comes from (`provenance.py`)."""

    stream: str
    version: int
    at: int
    events: tuple[E, ...]
    state: S
    text: str
    meta: str = "{}"


StoreDecision: TypeAlias = Decision[vector_store.State, vector_store.Event]
StoreFileDecision: TypeAlias = Decision[store_file.State, store_file.Event]
BatchDecision: TypeAlias = Decision[file_batch.State, file_batch.Event]
FileDecision: TypeAlias = Decision[uploaded_file.State, uploaded_file.Event]
UploadDecision: TypeAlias = Decision[upload.State, upload.Event]
UploadPartDecision: TypeAlias = Decision[upload_part.State, upload_part.Event]
KeyDecision: TypeAlias = Decision[api_key.State, api_key.Event]
ProjectDecision: TypeAlias = Decision[project_limits.State, project_limits.Event]
WebhookDecision: TypeAlias = Decision[webhook_endpoint.State, webhook_endpoint.Event]

OfNoFile: TypeAlias = api_key.State | project_limits.State | webhook_endpoint.State
"""The states of what is about no file and no store."""
AnyDecision: TypeAlias = (
    StoreDecision
    | StoreFileDecision
    | BatchDecision
    | FileDecision
    | UploadDecision
    | UploadPartDecision
    | KeyDecision
    | ProjectDecision
    | WebhookDecision
)
AnyState: TypeAlias = (
    vector_store.State
    | store_file.State
    | file_batch.State
    | uploaded_file.State
    | upload.State
    | upload_part.State
    | OfNoFile
)
"""The state of any kind of stream."""


def is_store(decision: AnyDecision) -> TypeIs[StoreDecision]:
    """Whether the commit is of a vector store."""
    return isinstance(decision.state, vector_store.State)


def is_store_file(decision: AnyDecision) -> TypeIs[StoreFileDecision]:
    """Whether the commit is of a file in a store."""
    return isinstance(decision.state, store_file.State)


def is_batch(decision: AnyDecision) -> TypeIs[BatchDecision]:
    """Whether the commit is of a file batch."""
    return isinstance(decision.state, file_batch.State)


def is_file(decision: AnyDecision) -> TypeIs[FileDecision]:
    """Whether the commit is of an uploaded file."""
    return isinstance(decision.state, uploaded_file.State)


def is_upload(decision: AnyDecision) -> TypeIs[UploadDecision]:
    """Whether the commit is of an upload."""
    return isinstance(decision.state, upload.State)


def is_upload_part(decision: AnyDecision) -> TypeIs[UploadPartDecision]:
    """Whether the commit is of a part of an upload."""
    return isinstance(decision.state, upload_part.State)


def is_key(decision: AnyDecision) -> TypeIs[KeyDecision]:
    """Whether the commit is of an API key."""
    return isinstance(decision.state, api_key.State)


def is_project(decision: AnyDecision) -> TypeIs[ProjectDecision]:
    """Whether the commit is of a project."""
    return isinstance(decision.state, project_limits.State)


def is_webhook(decision: AnyDecision) -> TypeIs[WebhookDecision]:
    """Whether the commit is of a webhook endpoint."""
    return isinstance(decision.state, webhook_endpoint.State)
