"""Events and states as text that outlives the code that wrote it.

`golden/` holds a text of each event type, state and schema version. New ones are written, and existing ones never
changed, by

    .venv/bin/python -c "import runpy; runpy.run_path('tests/event_log/test_codec.py')['write_missing']()"
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
from vectorlog.domain.chunking import Chunking
from vectorlog.domain.erased_store import VectorStoreErased
from vectorlog.domain.file_warning import FileWarning
from vectorlog.domain.filters import Scalar
from vectorlog.domain.manifest import Manifest
from vectorlog.domain.sharing import VectorStoreShared, VectorStoreUnshared
from vectorlog.domain.store_file import Failure, Placement, Retired
from vectorlog.domain.tenancy import Owner
from vectorlog.domain.vectors_move import VectorsMoveBegun, VectorsMoveEnded, VectorStoreMoved
from vectorlog.event_log import codec
from vectorlog.event_log.codec import (
    AGGREGATES,
    API_KEY,
    EVENT_VERSIONS,
    FILE_BATCH,
    KEPT_KEYS,
    PROJECT,
    STORE_FILE,
    UPLOADED_FILE,
    VECTOR_STORE,
    WEBHOOK_ENDPOINT,
    Aggregate,
    IdempotencyKey,
    UnknownSchema,
    aggregate_of,
    decode_events,
    decode_keys,
    decode_state,
    encode_events,
    encode_state,
    fold,
)

AnyAggregate = Aggregate[Any, Any]

GOLDEN = Path(__file__).parent / "golden"

ANN = Owner("project", "ann")
ATTRIBUTES: Mapping[str, Scalar] = {"text": "é 漢", "whole": 1, "real": 1.0, "yes": True}
MANIFEST = Manifest(2, "eJw=", "manifests/vsfb_1", 1)
SCANS = FileWarning("pages_without_text", "Two of five pages are images.", "pages 3 and 4")
BROKEN = Failure("invalid_file", "The file holds no text. Upload one that does.")

EXAMPLES: tuple[Any, ...] = (
    vector_store.VectorStoreCreated(
        1, ANN, "local:granite", 384, "Notes", "Of a course", ATTRIBUTES, 7, vector_store.FirstBatch("vsfb_1", MANIFEST)
    ),
    vector_store.VectorStoreModified(2, "Notes", ATTRIBUTES, 7),
    vector_store.VectorStoreUsed(3, used=True),
    vector_store.VectorStoreExpired(4),
    VectorStoreMoved(5, "local:granite", 384),
    VectorsMoveBegun(6, 2, 3, "local:granite#2", 384),
    VectorsMoveEnded(7, 2, True, "local:granite", 384),
    VectorStoreShared(6, "bob", "writer"),
    VectorStoreUnshared(7, None),
    vector_store.VectorStoreDeleted(5),
    VectorStoreErased(6, ANN, 1, "local:granite", 384, 5),
    store_file.FileAttached(
        2,
        1,
        "vsfb_1",
        3,
        ("single", "vsfb_1"),
        Placement(1, 7),
        4,
        "a.txt",
        "5a",
        ATTRIBUTES,
        Chunking("static", 100, 50),
        True,
        (Retired(2, 9),),
        True,
    ),
    store_file.FileChunked(3, 12),
    store_file.FileIngested(5, 3, 12, 4096, 2, 4, ("single", "vsfb_1"), (Retired(2, 9),), (SCANS,), 2),
    store_file.FileFailed(5, 3, BROKEN, ("single", "vsfb_1"), (Retired(3, 12),)),
    store_file.FileCancelled(
        6,
        "vsfb_1",
        3,
        Placement(1, 7),
        "a.txt",
        "5a",
        ATTRIBUTES,
        Chunking("static", 100, 50),
        BROKEN,
        (Retired(3, 12),),
        True,
    ),
    store_file.FileAttributesChanged(7, ATTRIBUTES, 5),
    store_file.FileDetached(8, "file_deleted", ("single", "vsfb_1"), (Retired(3, 12), Retired(2, 9))),
    store_file.StoreFileErased(
        9,
        3,
        Placement(1, 7),
        5,
        8,
        (store_file.Seen("vsfb_1", 2, True),),
        1,
        (store_file.Entry("vsfb_1", "completed", True),),
        (Retired(3, 12),),
    ),
    file_batch.FileBatchCreated(1, "vs_1", ANN, MANIFEST, skip_duplicates=True),
    file_batch.FileBatchCancelled(2),
    file_batch.FileBatchEnded(3, 1, 2, 3),
    file_batch.FileBatchErased(3, "vs_1", ANN, 1, MANIFEST, skip_duplicates=True, cancelled=True, ended=True),
    uploaded_file.FileUploaded(1, ANN, "a.txt", "assistants", 4096, "5a", "text/plain", 9, "upload_1"),
    uploaded_file.FileDeleted(2, expired=True),
    upload.UploadCreated(1, ANN, "a.txt", "assistants", 4096, "text/plain", 9, 3600, 1024),
    upload.UploadCompleted(2, "file-1", "5a", "6b"),
    upload.UploadCancelled(3),
    upload.UploadExpired(9),
    upload_part.UploadPartAdded(2, 1024, "5a"),
    uploaded_file.FileErased(3, ANN, 1, 4096),
    upload.UploadErased(4, ANN, 1),
    upload_part.UploadPartErased(4),
    project_limits.ProjectLimitsErased(4),
    api_key.ApiKeyCreated(1, "project", "laptop", "5a", "admin", 9, all_projects=True, hint="wxyz", created_by="key_2"),
    api_key.ApiKeyRevoked(2),
    api_key.ApiKeyUsed(3),
    webhook_endpoint.WebhookEndpointCreated(
        1, "acme", "ci", "https://example.com/", ("file.deleted", "vector_store.expired"), "wxyz"
    ),
    webhook_endpoint.WebhookEndpointChanged(2, "cd", "https://example.com/2", ("vector_store.deleted",)),
    webhook_endpoint.WebhookSecretRotated(3, "abcd", 9),
    webhook_endpoint.WebhookEndpointDisabled(4, "failing"),
    webhook_endpoint.WebhookEndpointDeleted(5),
    webhook_endpoint.WebhookEndpointErased(6, "acme", 1),
    project_limits.ProjectLimitsChanged(
        1, "acme", project_limits.SomeLimits(1 << 40, 1000, 70, 50, 0), project_limits.SomeLimits(1 << 30, 100, 7, 5, 6)
    ),
)
"""One event of each type, with no field at its default."""

BY_TYPE = {type(event).__name__: event for event in EXAMPLES}
TYPES = [(aggregate, name) for aggregate in AGGREGATES for name in aggregate.events]
EACH_TYPE = pytest.mark.parametrize(("aggregate", "name"), TYPES, ids=[name for _, name in TYPES])
EACH_AGGREGATE = pytest.mark.parametrize("aggregate", AGGREGATES, ids=[aggregate.name for aggregate in AGGREGATES])


def example_state(aggregate: AnyAggregate) -> Any:
    """A state with everything that can be nested; an erased stream's has almost nothing."""
    if aggregate is not STORE_FILE:
        return fold(aggregate, [BY_TYPE[name] for name in aggregate.events if not name.endswith("Erased")])
    attached = BY_TYPE["FileAttached"]
    state = fold(
        aggregate,
        [
            replace(attached, joins=False),
            BY_TYPE["FileIngested"],
            replace(attached, by="vsfb_2", generation=4, joins=False),
        ],
    )
    return replace(state, failure=BROKEN)


def texts() -> Iterator[tuple[Path, str]]:
    """The path of each golden text of the current versions, and the text that this code would write there."""
    for _, name in TYPES:
        yield GOLDEN / f"{name}.v{EVENT_VERSIONS.get(name, 1)}.json", encode_events([BY_TYPE[name]]) + "\n"
    for aggregate in AGGREGATES:
        keys = [IdempotencyKey("k" * 8, "b" * 8)]
        yield (
            GOLDEN / "states" / f"{aggregate.name}.v{aggregate.state_version}.json",
            encode_state(aggregate, example_state(aggregate), keys) + "\n",
        )


def write_missing() -> None:
    for path, text in texts():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.write_text(text)


class TestGolden:
    @pytest.mark.parametrize(
        ("path", "text"), list(texts()), ids=lambda value: value.name if isinstance(value, Path) else ""
    )
    def test_written_as_ever(self, path: Path, text: str) -> None:
        """This code writes the same text as when the version was made; otherwise the version must be raised."""
        assert path.read_text() == text

    @EACH_TYPE
    def test_events_read_as_ever(self, aggregate: AnyAggregate, name: str) -> None:
        """An event of any earlier version can be read; one of the current version is unchanged, type by type."""
        current = EVENT_VERSIONS.get(name, 1)
        read = [
            decode_events(aggregate, (GOLDEN / f"{name}.v{version}.json").read_text())
            for version in range(1, current + 1)
        ]
        assert [type(event).__name__ for [event] in read] == [name] * current
        assert repr(read[-1]) == repr((BY_TYPE[name],))

    @EACH_AGGREGATE
    def test_states_read_as_ever(self, aggregate: AnyAggregate) -> None:
        """A state of the current version is read as it was written, including its idempotency keys."""
        text = (GOLDEN / "states" / f"{aggregate.name}.v{aggregate.state_version}.json").read_text()
        assert decode_state(aggregate, text) == example_state(aggregate)
        assert decode_keys(aggregate, text) == (IdempotencyKey("k" * 8, "b" * 8),)

    @EACH_AGGREGATE
    def test_older_states_are_not_guessed_from(self, aggregate: AnyAggregate) -> None:
        """A state of any older version says that it is older, and its keys can still be read."""
        for version in range(1, aggregate.state_version):
            text = (GOLDEN / "states" / f"{aggregate.name}.v{version}.json").read_text()
            assert decode_state(aggregate, text) is None
            assert decode_keys(aggregate, text) == (IdempotencyKey("k" * 8, "b" * 8),)

    def test_nothing_is_left_over(self) -> None:
        """Every golden text belongs to a known type: a type is never renamed or removed."""
        names = {path.name.split(".")[0] for path in GOLDEN.glob("*.json")}
        assert names == {name for _, name in TYPES}

    @EACH_TYPE
    def test_examples_say_everything(self, aggregate: AnyAggregate, name: str) -> None:
        """No field of an example is at its default, so that a change of any field shows."""
        for field in fields(BY_TYPE[name]):
            default = field.default if field.default_factory is MISSING else field.default_factory()
            assert getattr(BY_TYPE[name], field.name) != default, field.name


def test_type_names_are_unique() -> None:
    """Versions and upcasters are found by the name of the type alone."""
    assert len({name for _, name in TYPES}) == len(TYPES)


SCALARS = st.one_of(st.text(max_size=9), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.booleans())
"""The API accepts no other number."""


def _maps(kind: Any) -> st.SearchStrategy[Any]:
    """Maps from short texts to what the type says; numbers among scalars are finite."""
    _, values = get_args(kind)
    return st.dictionaries(st.text(max_size=9), SCALARS if values == Scalar else st.from_type(values), max_size=3)


st.register_type_strategy(Mapping, _maps)


@EACH_AGGREGATE
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_round_trip_of_events(aggregate: AnyAggregate, data: st.DataObject) -> None:
    """Any events come back unchanged, in order, with 1, 1.0 and True distinguished."""
    events = data.draw(st.lists(st.one_of([st.from_type(kind) for kind in aggregate.events.values()]), max_size=4))
    assert repr(decode_events(aggregate, encode_events(events))) == repr(tuple(events))


@EACH_AGGREGATE
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_round_trip_of_states(aggregate: AnyAggregate, data: st.DataObject) -> None:
    """Any state comes back unchanged."""
    state = data.draw(st.from_type(type(aggregate.initial)))
    assert repr(decode_state(aggregate, encode_state(aggregate, state))) == repr(state)


@EACH_AGGREGATE
def test_round_trip_of_nothing(aggregate: AnyAggregate) -> None:
    """No events are no events, and the state before the first is a state."""
    assert decode_events(aggregate, encode_events([])) == ()
    assert decode_state(aggregate, encode_state(aggregate, aggregate.initial)) == aggregate.initial


def test_keys_are_kept_up_to_a_number() -> None:
    """A stream remembers its newest idempotency keys, oldest first."""
    keys = [IdempotencyKey(str(number), "body") for number in range(KEPT_KEYS + 3)]
    assert decode_keys(API_KEY, encode_state(API_KEY, API_KEY.initial, keys)) == tuple(keys[3:])
    assert decode_keys(API_KEY, encode_state(API_KEY, API_KEY.initial)) == ()


class TestUnknown:
    def test_type(self) -> None:
        """An event of an unknown type is refused, never skipped, even among known ones."""
        text = encode_events([BY_TYPE["FileDeleted"]])[:-1] + ',{"type":"FileRenamed","v":1,"data":{}}]'
        with pytest.raises(UnknownSchema, match="FileRenamed"):
            decode_events(UPLOADED_FILE, text)

    def test_type_of_another_kind_of_stream(self) -> None:
        """An event in the wrong stream is refused."""
        with pytest.raises(UnknownSchema, match="uploaded_file event 'FileChunked'"):
            decode_events(UPLOADED_FILE, encode_events([BY_TYPE["FileChunked"]]))

    @EACH_TYPE
    def test_version(self, aggregate: AnyAggregate, name: str) -> None:
        """An event of a newer version is refused, even if its data could be read."""
        [written] = json.loads(encode_events([BY_TYPE[name]]))
        written["v"] += 1
        with pytest.raises(UnknownSchema, match=f"{name}' v"):
            decode_events(aggregate, json.dumps([written]))

    @EACH_AGGREGATE
    def test_state(self, aggregate: AnyAggregate) -> None:
        """A state of a newer version is refused."""
        newer = replace(aggregate, state_version=aggregate.state_version + 1)
        with pytest.raises(UnknownSchema, match=aggregate.name):
            decode_state(aggregate, encode_state(newer, aggregate.initial))

    @pytest.mark.parametrize("stream", ["", "thread_1", "vsx_1", "x/vs_1", "/", "file_1"])
    def test_stream(self, stream: str) -> None:
        """A stream of an unknown kind is refused."""
        with pytest.raises(UnknownSchema):
            aggregate_of(stream)


@pytest.mark.parametrize(
    ("stream", "aggregate"),
    [
        ("vs_1", VECTOR_STORE),
        ("vs_1/file-2", STORE_FILE),
        ("vsfb_1", FILE_BATCH),
        ("file-1", UPLOADED_FILE),
        ("key_1", API_KEY),
        ("proj_1", PROJECT),
        ("we_1", WEBHOOK_ENDPOINT),
    ],
)
def test_kind_of_a_stream(stream: str, aggregate: AnyAggregate) -> None:
    """A stream's id shows its kind."""
    assert aggregate_of(stream) is aggregate


class TestOlder:
    def test_events_are_upcast_step_by_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Data of an older version goes through every upcaster in between, each once; current data through none."""
        monkeypatch.setattr(codec, "EVENT_VERSIONS", {"FileDeleted": 3})
        steps = {
            ("FileDeleted", 1): lambda data: {"time": data["when"]},
            ("FileDeleted", 2): lambda data: {"at": data["time"] + 1, "expired": True},
        }
        monkeypatch.setattr(codec, "UPCASTERS", steps)
        written: list[dict[str, Any]] = [
            {"type": "FileDeleted", "v": 1, "data": {"when": 7}},
            {"type": "FileDeleted", "v": 2, "data": {"time": 7}},
            {"type": "FileDeleted", "v": 3, "data": {"at": 7, "expired": False}},
        ]
        upcast = uploaded_file.FileDeleted(8, expired=True)
        assert decode_events(UPLOADED_FILE, json.dumps(written)) == (upcast, upcast, uploaded_file.FileDeleted(7))
        assert json.loads(encode_events([upcast]))[0]["v"] == 3

    @EACH_AGGREGATE
    def test_state_has_to_be_folded(self, aggregate: AnyAggregate) -> None:
        """A state of an older version is not converted: it says so, and the events lead to the new one."""
        newer = replace(aggregate, state_version=aggregate.state_version + 1)
        assert decode_state(newer, encode_state(aggregate, example_state(aggregate))) is None

    @EACH_AGGREGATE
    def test_fold_goes_on_from_a_state(self, aggregate: AnyAggregate) -> None:
        """Folding all events, and folding the rest from a stored state, give the same state."""
        events = [BY_TYPE[name] for name in aggregate.events]
        for cut in range(len(events) + 1):
            stored = decode_state(aggregate, encode_state(aggregate, fold(aggregate, events[:cut])))
            assert fold(aggregate, events[cut:], stored) == fold(aggregate, events)
