"""Events and states as JSON text.

A commit's `events` is `[{"type", "v", "data"}]` and its `state` is `{"v", "data", "keys"}`. Type names are the storage
format and never change. An older `v` is upcast on reading; a newer one, or an unknown type, is refused, never skipped:
consumers are deployed before writers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, assert_never, get_args

from pydantic import TypeAdapter

from vectorlog.domain import api_key, file_batch, store_file, uploaded_file, vector_store
from vectorlog.domain.ids import BatchId, FileId, KeyId, StoreFileId, StoreId, parse_stream

S = TypeVar("S")
E = TypeVar("E")
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

EVENT_VERSIONS: Mapping[str, int] = {}
"""Schema version of each event type that is not at 1 any more."""

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""For (type, v): what turns data of schema `v` into data of schema `v + 1`."""

_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


class UnknownSchema(Exception):
    """Written by newer code than this; answering would be guessing."""


@dataclass(frozen=True, slots=True)
class Aggregate(Generic[S, E]):
    """How one kind of stream is read: its events, its states, and the schema version of the latter."""

    name: str
    initial: S
    evolve: Callable[[S, E], S]
    events: Mapping[str, type[E]]
    state_version: int = 1


def _named(union: object) -> dict[str, Any]:
    return {event.__name__: event for event in get_args(union)}


VECTOR_STORE = Aggregate(
    "vector_store", vector_store.INITIAL, vector_store.evolve, _named(vector_store.Event), state_version=2
)
STORE_FILE = Aggregate("store_file", store_file.INITIAL, store_file.evolve, _named(store_file.Event))
FILE_BATCH = Aggregate("file_batch", file_batch.INITIAL, file_batch.evolve, _named(file_batch.Event), state_version=2)
UPLOADED_FILE = Aggregate("uploaded_file", uploaded_file.INITIAL, uploaded_file.evolve, _named(uploaded_file.Event))
API_KEY = Aggregate("api_key", api_key.INITIAL, api_key.evolve, _named(api_key.Event))

AGGREGATES: tuple[Aggregate[Any, Any], ...] = (VECTOR_STORE, STORE_FILE, FILE_BATCH, UPLOADED_FILE, API_KEY)


def aggregate_of(stream: str) -> Aggregate[Any, Any]:
    """The kind of a stream, by its id.

    Raises:
        UnknownSchema: no kind that this code knows.
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
        case KeyId():
            return API_KEY
        case None:
            raise UnknownSchema(f"stream '{stream}' is of no kind that this version knows")
        case _ as never:
            assert_never(never)


def encode_events(events: Sequence[object]) -> str:
    """Events as JSON text."""
    return f"[{','.join(map(_encode_event, events))}]"


def _encode_event(event: object) -> str:
    kind = type(event)
    version = EVENT_VERSIONS.get(kind.__name__, 1)
    return f'{{"type":"{kind.__name__}","v":{version},"data":{_dump(kind, event)}}}'


def decode_events(aggregate: Aggregate[S, E], text: str) -> tuple[E, ...]:
    """Events of JSON text, upcast.

    Raises:
        UnknownSchema: a type or a version that this code does not know.
    """
    return tuple(_decode_event(aggregate, each) for each in json.loads(text))


def _decode_event(aggregate: Aggregate[S, E], written: dict[str, Any]) -> E:
    name, version, data = written["type"], written["v"], written["data"]
    current = EVENT_VERSIONS.get(name, 1)
    if name not in aggregate.events or version > current:
        raise UnknownSchema(f"{aggregate.name} event '{name}' v{version} is newer than this version of the code")
    for step in range(version, current):
        data = UPCASTERS[name, step](data)
    return _adapter(aggregate.events[name]).validate_python(data)  # type: ignore[no-any-return]  # the adapter is for type E


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Hashes of a request's key and of its body."""

    key: str
    body: str


KEPT_KEYS = 32


def encode_state(aggregate: Aggregate[S, E], state: S, keys: Sequence[IdempotencyKey] = ()) -> str:
    """A state as JSON text, with the newest idempotency keys of its stream."""
    kept = json.dumps([[each.key, each.body] for each in keys[-KEPT_KEYS:]], separators=(",", ":"))
    return f'{{"v":{aggregate.state_version},"keys":{kept},"data":{_dump(type(state), state)}}}'


def decode_state(aggregate: Aggregate[S, E], text: str) -> S | None:
    """The state of JSON text; None where its schema is older than this code's, and the stream must be folded.

    Raises:
        UnknownSchema: the schema is newer.
    """
    written = json.loads(text)
    if written["v"] > aggregate.state_version:
        raise UnknownSchema(f"a {aggregate.name} state of schema {written['v']} is newer than this version of the code")
    if written["v"] < aggregate.state_version:
        return None
    return _adapter(type(aggregate.initial)).validate_python(written["data"])  # type: ignore[no-any-return]  # the adapter is for type S


def decode_keys(text: str) -> tuple[IdempotencyKey, ...]:
    """The idempotency keys that a state was stored with, oldest first."""
    return tuple(IdempotencyKey(key, body) for key, body in json.loads(text)["keys"])


def fold(aggregate: Aggregate[S, E], events: Sequence[E], state: S | None = None) -> S:
    """The state that these events lead to."""
    state = aggregate.initial if state is None else state
    for event in events:
        state = aggregate.evolve(state, event)
    return state


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def _dump(kind: type[Any], value: object) -> str:
    return _adapter(kind).dump_json(value).decode()
