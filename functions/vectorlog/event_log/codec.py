"""Events and states as JSON text.

A commit's `events` is `[{"type", "v", "data"}]` and its `state` is `{"v", "data", "keys"}`. Type names are the storage
format and never change. An older schema version `v` is upcast on reading. A newer one, or an unknown type, is refused
and never skipped; this does not normally happen, because consumers are deployed before writers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, assert_never, get_args

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
from vectorlog.domain.ids import (
    BatchId,
    FileId,
    KeyId,
    ProjectId,
    StoreFileId,
    StoreId,
    UploadId,
    UploadPartId,
    WebhookId,
    parse_stream,
)
from vectorlog.event_log import state_text
from vectorlog.event_log.state_text import adapter

S = TypeVar("S")
E = TypeVar("E")
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

EVENT_VERSIONS: Mapping[str, int] = {
    "ApiKeyCreated": 2,
    "FileAttached": 2,
    "FileCancelled": 2,
    "FileIngested": 3,
    "FileUploaded": 2,
    "FileBatchCreated": 2,
    "FileBatchErased": 2,
    "VectorStoreCreated": 2,
}
"""The schema version of each event type whose version is no longer 1."""


def _without_known(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "known": False}


def _without_known_files(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "manifest": {**data["manifest"], "known": 0}}


def _first_batch_without_known_files(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "batch": data["batch"] and _without_known_files(data["batch"])}


def _without_warnings(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "warnings": []}


def _without_move(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "move": 0}


def _in_one_request(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "upload": ""}


UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    ("ApiKeyCreated", 1): lambda data: {**data, "scope": "write"},
    ("FileAttached", 1): _without_known,
    ("FileCancelled", 1): _without_known,
    ("FileIngested", 1): _without_warnings,
    ("FileIngested", 2): _without_move,
    ("FileUploaded", 1): _in_one_request,
    ("FileBatchCreated", 1): _without_known_files,
    ("FileBatchErased", 1): lambda data: {**data, "ended": False},
    ("VectorStoreCreated", 1): _first_batch_without_known_files,
}
"""For (type, v), the function that turns data of schema version `v` into data of version `v + 1`."""


class UnknownSchema(Exception):
    """The data was written by newer code than this, which cannot know what it means."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S, E]):
    """How to read one kind of stream: its events, its states, and the schema version of the states."""

    name: str
    initial: S
    evolve: Callable[[S, E], S]
    events: Mapping[str, type[E]]
    state_version: int = 1


def _by_name(union: Any) -> dict[str, Any]:  # noqa: ANN401  # a union of classes, or one class
    return {event.__name__: event for event in get_args(union) or (union,)}


VECTOR_STORE = Aggregate(
    "vector_store", vector_store.INITIAL, vector_store.evolve, _by_name(vector_store.Event), state_version=4
)
STORE_FILE = Aggregate("store_file", store_file.INITIAL, store_file.evolve, _by_name(store_file.Event), state_version=5)
FILE_BATCH = Aggregate("file_batch", file_batch.INITIAL, file_batch.evolve, _by_name(file_batch.Event), state_version=4)
UPLOADED_FILE = Aggregate("uploaded_file", uploaded_file.INITIAL, uploaded_file.evolve, _by_name(uploaded_file.Event))
UPLOAD = Aggregate("upload", upload.INITIAL, upload.evolve, _by_name(upload.Event))
UPLOAD_PART = Aggregate("upload_part", upload_part.INITIAL, upload_part.evolve, _by_name(upload_part.Event))
API_KEY = Aggregate("api_key", api_key.INITIAL, api_key.evolve, _by_name(api_key.Event), state_version=2)
PROJECT = Aggregate("project", project_limits.INITIAL, project_limits.evolve, _by_name(project_limits.Event))
WEBHOOK_ENDPOINT = Aggregate(
    "webhook_endpoint", webhook_endpoint.INITIAL, webhook_endpoint.evolve, _by_name(webhook_endpoint.Event)
)

AGGREGATES: tuple[Aggregate[Any, Any], ...] = (
    VECTOR_STORE,
    STORE_FILE,
    FILE_BATCH,
    UPLOADED_FILE,
    UPLOAD,
    UPLOAD_PART,
    API_KEY,
    PROJECT,
    WEBHOOK_ENDPOINT,
)


def aggregate_of(stream: str) -> Aggregate[Any, Any]:
    """Returns the aggregate of a stream, by the stream's id.

    Raises:
        UnknownSchema: this code does not know the kind of stream.
    """
    match parse_stream(stream):
        case StoreId():
            return VECTOR_STORE
        case StoreFileId():
            return STORE_FILE
        case BatchId():
            return FILE_BATCH
        case FileId():
            return UPLOADED_FILE
        case UploadId():
            return UPLOAD
        case UploadPartId():
            return UPLOAD_PART
        case KeyId():
            return API_KEY
        case ProjectId():
            return PROJECT
        case WebhookId():
            return WEBHOOK_ENDPOINT
        case None:
            raise UnknownSchema(f"stream '{stream}' is of a kind that this version does not know")
        case _ as never:
            assert_never(never)


def encode_events(events: Sequence[object]) -> str:
    """Returns events as JSON text."""
    return f"[{','.join(map(_encode_event, events))}]"


def _encode_event(event: object) -> str:
    kind = type(event)
    version = EVENT_VERSIONS.get(kind.__name__, 1)
    return f'{{"type":"{kind.__name__}","v":{version},"data":{_dump(kind, event)}}}'


def decode_events(aggregate: Aggregate[S, E], text: str) -> tuple[E, ...]:
    """Returns the events of a JSON text, upcast to the current schema versions.

    Raises:
        UnknownSchema: the text has an event type or a schema version that this code does not know.
    """
    return tuple(_decode_event(aggregate, stored) for stored in json.loads(text))


def _decode_event(aggregate: Aggregate[S, E], stored: dict[str, Any]) -> E:
    name, version, data = stored["type"], stored["v"], stored["data"]
    current = EVENT_VERSIONS.get(name, 1)
    if name not in aggregate.events or version > current:
        raise UnknownSchema(f"{aggregate.name} event '{name}' v{version} is newer than this version of the code")
    for step in range(version, current):
        data = UPCASTERS[name, step](data)
    return adapter(aggregate.events[name]).validate_python(data)  # type: ignore[no-any-return]  # the adapter is for type E


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Hashes of a request's Idempotency-Key and of its body."""

    key: str
    body: str


KEPT_KEYS = 32
"""The number of idempotency keys that a state keeps."""


def encode_state(aggregate: Aggregate[S, E], state: S, keys: Sequence[IdempotencyKey] = ()) -> str:
    """Returns a state as JSON text, with the newest `KEPT_KEYS` idempotency keys of its stream."""
    kept = json.dumps([[each.key, each.body] for each in keys[-KEPT_KEYS:]], separators=(",", ":"))
    return f'{{"v":{aggregate.state_version},"keys":{kept},"data":{_dump(type(state), state)}}}'


def decode_state(aggregate: Aggregate[S, E], text: str) -> S | None:
    """Returns the state of a JSON text; None if its schema version is older than this code's, so that the stream has to
    be folded.

    Raises:
        UnknownSchema: the schema version is newer.
    """
    version, state, _ = state_text.read(type(aggregate.initial), aggregate.state_version, text)
    if version > aggregate.state_version:
        raise UnknownSchema(f"a {aggregate.name} state of schema {version} is newer than this version of the code")
    return state  # type: ignore[no-any-return]  # of type S, or None


def decode_keys(aggregate: Aggregate[S, E], text: str) -> tuple[IdempotencyKey, ...]:
    """Returns the idempotency keys that are stored with a state, oldest first."""
    _, _, found = state_text.read(type(aggregate.initial), aggregate.state_version, text)
    return tuple(IdempotencyKey(key, body) for key, body in found)


def fold(aggregate: Aggregate[S, E], events: Sequence[E], state: S | None = None) -> S:
    """Returns the state that these events lead to, from `state` or else from the initial one."""
    state = aggregate.initial if state is None else state
    for event in events:
        state = aggregate.evolve(state, event)
    return state


def _dump(kind: type[Any], value: object) -> str:
    return adapter(kind).dump_json(value).decode()
