"""Has things erased with their history, for an operator. It reads the whole log, and so finds every stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vectorlog.deployment import Deployment
from vectorlog.domain import (
    api_key,
    file_batch,
    manifest,
    project_limits,
    upload,
    uploaded_file,
    vector_store,
    webhook_endpoint,
)
from vectorlog.domain.errors import NotFound
from vectorlog.domain.file_batch import FileBatchCreated, FileBatchErased
from vectorlog.domain.ids import StoreFileId, UploadPartId, parse_stream
from vectorlog.event_log.decision import AnyDecision
from vectorlog.event_log.provenance import meta_of
from vectorlog.files import answers
from vectorlog.operations.progress import Watch, pages
from vectorlog.use_cases import api_keys, erasure

_OPERATOR = meta_of("operator")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to erase: the files and stores with these ids, or all of a project."""

    file: str | None = None
    store: str | None = None
    project: str | None = None


@dataclass(slots=True)
class Found:
    """The streams to erase. A file in a store is erased if its file or its store is, and an upload if its file is.

    Attributes:
        listing: batches whose manifest in the log names the wanted file.
        webhooks: the webhook endpoints of the wanted project.
        limits: the stream of the limits of the wanted project, if it has any.
        answers: large answers of the project, which are no streams.
    keys: the keys that open the wanted project and no other. They are revoked, not erased.
    """

    files: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    store_files: set[str] = field(default_factory=set)
    batches: set[str] = field(default_factory=set)
    listing: set[str] = field(default_factory=set)
    uploads: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)
    limits: set[str] = field(default_factory=set)
    webhooks: set[str] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


def erase(deployment: Deployment, wanted: Wanted, watch: Watch) -> Found:
    """Has everything erased that is wanted. The deployment's workers do the work that follows. Returns what was found.

    Raises:
        NotFound: nothing in the log is wanted.
        UnknownSchema: newer code wrote a commit.
    """
    found = _find(deployment, wanted, watch)
    things = (found.files, found.stores, found.store_files, found.uploads)
    if not any((*things, found.limits, found.webhooks, found.answers, found.keys)):
        raise NotFound("The log has nothing of it.")
    for key in sorted(found.keys):  # first, so that nothing is written with them meanwhile
        api_keys.revoke(deployment, key, _OPERATOR)
    for id_ in watch("uploads", sorted(found.uploads), len(found.uploads)):
        erasure.request_upload(deployment, id_, _OPERATOR)
    for page in pages(sorted(found.parts)):
        erasure.request_parts(deployment, page, _OPERATOR)
    for stream in found.limits:
        erasure.request_limits(deployment, stream, _OPERATOR)
    for stream in sorted(found.webhooks):
        erasure.request_webhook(deployment, stream, _OPERATOR)
    deployment.blobs.delete(sorted(found.answers))
    for file in watch("files", sorted(found.files), len(found.files)):
        erasure.request_file(deployment, file, _OPERATOR)
    for store in watch("stores", sorted(found.stores), len(found.stores)):
        erasure.request_store(deployment, store, _OPERATOR)
    for page in pages(watch("files in stores", sorted(found.store_files), len(found.store_files))):
        of_files = [stream for stream in page if StoreFileId.parse(stream).file in found.files]
        erasure.request_store_files(deployment, of_files, _OPERATOR, "file_deleted")
        others = sorted(set(page) - set(of_files))
        erasure.request_store_files(deployment, others, _OPERATOR, "detached")
    for page in pages(sorted(found.batches)):
        erasure.request_batches(deployment, page, _OPERATOR, None)
    for page in pages(sorted(found.listing - found.batches)):
        erasure.request_batches(deployment, page, _OPERATOR, frozenset(found.files))
    return found


def _find(deployment: Deployment, wanted: Wanted, watch: Watch) -> Found:
    """Reads the log once. Files in stores and batches are kept until all stores and files are known."""
    found, in_stores, batches, parts = Found(), set[str](), dict[str, str](), set[str]()
    for commit in watch("commits", deployment.streams.log.scan(), None):
        id_ = parse_stream(commit.stream)
        if isinstance(id_, StoreFileId):
            in_stores.add(commit.stream)
            continue
        if isinstance(id_, UploadPartId):
            parts.add(commit.stream)
            continue
        decision = deployment.streams.decode(commit)
        match decision.state:
            case vector_store.State(owner=owner) if owner is not None:
                if commit.stream == wanted.store or owner.project == wanted.project:
                    found.stores.add(commit.stream)
            case uploaded_file.State(owner=owner) if owner is not None:
                if commit.stream == wanted.file or owner.project == wanted.project:
                    found.files.add(commit.stream)
            case upload.State(owner=owner) if owner is not None:
                if upload.file_id(commit.stream) == wanted.file or owner.project == wanted.project:
                    found.uploads.add(commit.stream)
            case api_key.State(project=project, all_projects=False) if project and project == wanted.project:
                found.keys.add(commit.stream)
            case project_limits.State(project=project):
                if commit.stream == _limits_of(wanted) and project:
                    found.limits.add(commit.stream)
            case webhook_endpoint.State(project=project):
                if project and project == wanted.project:
                    found.webhooks.add(commit.stream)
            case file_batch.State():
                batches[commit.stream] = decision.state.store
                if wanted.file is not None and wanted.file in _listed(decision):
                    found.listing.add(commit.stream)
    for stream in in_stores:
        id_ = StoreFileId.parse(stream)
        if id_.store in found.stores or id_.file in found.files:
            found.store_files.add(stream)
    found.parts = {stream for stream in parts if UploadPartId.parse(stream).upload in found.uploads}
    if wanted.project is not None:
        found.answers = set(deployment.blobs.list(answers.folder(wanted.project)))
    found.batches = {batch for batch, store in batches.items() if store in found.stores}
    return found


def _limits_of(wanted: Wanted) -> str | None:
    return None if wanted.project is None else project_limits.stream_of(wanted.project)


def _listed(decision: AnyDecision) -> Sequence[str]:
    """Returns the files of a manifest that is in the log itself."""
    events = (event for event in decision.events if isinstance(event, FileBatchCreated | FileBatchErased))
    texts = (event.manifest.inline for event in events)
    return [item.file for text in texts if text is not None for item in manifest.read_inline(text)]
