"""Streams whose states have an older schema: `older` writes them as that version of the code did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.operations.transfer.answers import unwatched
from tests.support.bench import PROJECT, Bench, DictIndex
from vectorlog.domain.manifest import BatchItem
from vectorlog.event_log.codec import FILE_BATCH, VECTOR_STORE, decode_state
from vectorlog.operations import folded_log
from vectorlog.operations.transfer import archive
from vectorlog.operations.transfer.commits import survey
from vectorlog.operations.transfer.export import export
from vectorlog.operations.transfer.importing import Target, import_into
from vectorlog.operations.verify import differences
from vectorlog.use_cases import file_batches, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.counts import Counts

T = TypeVar("T")


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Bench]:
    """A deployment whose batches wait for workers."""
    bench = Bench(tmp_path, index=DictIndex(), inline_files=0)
    yield bench
    bench.close()


def older(bench: Bench) -> None:
    """Converts stored states to the first schema, in which states of batches and stores held their manifests."""
    created = {
        commit.stream: json.loads(commit.events)[0]["data"] for commit in bench.log.scan() if commit.version == 0
    }

    def file_batch(stream: str, data: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in data.items() if name not in ("count", "object")}
        return {**kept, "manifest": created[stream]["manifest"]}

    def vector_store(stream: str, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "batch": created[stream]["batch"]}

    def first_schema(stream: str, text: str) -> str:
        written, change = json.loads(text), file_batch if stream.startswith("vsfb_") else vector_store
        return json.dumps({**written, "v": 1, "data": change(stream, written["data"])})

    def rewrite(table: str, column: str, stream: str, condition: str) -> Callable[[Any], None]:
        def action(connection: Any) -> None:
            connection.create_function("first_schema", 2, first_schema)
            connection.execute(f"UPDATE {table} SET {column} = first_schema({stream}, {column}) WHERE {condition}")

        return action

    batches_or_stores = "stream LIKE 'vsfb!_%' ESCAPE '!' OR (stream LIKE 'vs!_%' ESCAPE '!' AND stream NOT LIKE '%/%')"
    bench.log._database.write(rewrite("commits", "state", "stream", batches_or_stores))
    rows = "sk = 'C' AND data != '' AND (pk LIKE 'VSFB#%' OR pk LIKE 'VS#%')"
    bench.derived.write(rewrite("views", "data", "substr(pk, instr(pk, '#') + 1)", rows))


def test_older_states(slow: Bench) -> None:
    """A folder of the older code keeps working: its stores are listed, and its batches are fanned out, cancelled and
    counted.
    """
    files = [slow.upload(f"alpha {number}") for number in range(3)]
    listed = tuple(BatchItem(file) for file in files)
    store = vector_stores.create(slow.deployment, PROJECT, CreateStore(name="old", files=listed)).id
    going, cancelled = slow.batch(store, files).id, slow.batch(store, files[:1], n=1).id
    file_batches.cancel(slow.deployment, PROJECT, store, cancelled)
    older(slow)
    [newest, *_] = [commit for commit in slow.log.scan() if commit.stream == going]
    assert decode_state(FILE_BATCH, newest.state) is None
    assert [view.state.name for view in vector_stores.list_page(slow.deployment, PROJECT, PageRequest()).items] == [
        "old"
    ]
    assert len(file_batches.list_files(slow.deployment, PROJECT, store, going, PageRequest(), None).items) == 3
    slow.pump.settle()
    assert vector_stores.get(slow.deployment, PROJECT, store).counts.completed == 3
    assert file_batches.get(slow.deployment, PROJECT, store, going).counts == Counts(completed=3)
    assert file_batches.get(slow.deployment, PROJECT, store, cancelled).counts == Counts(cancelled=1)
    assert sorted(differences(slow.deployment, folded_log.read(slow.deployment))) == []


def test_exports(slow: Bench) -> None:
    """An export of the older code describes its streams as fully as one of today: models of stores, and what ended."""
    kept, deleted = slow.store(), slow.store()
    vector_stores.delete(slow.deployment, PROJECT, deleted)
    older(slow)
    assert decode_state(VECTOR_STORE, next(iter(slow.log.scan())).state) is None
    found = survey(slow.deployment.streams, slow.log.scan)
    assert found.spaces == dict.fromkeys((kept, deleted), slow.space)
    assert found.ended == {deleted: "deleted"}


def test_import_beside_workers(slow: Bench, tmp_path: Path) -> None:
    """An export of the older code can be imported while workers run: counts stay right, and no row is orphaned."""
    files = [slow.upload(f"alpha {number}") for number in range(3)]
    store = vector_stores.create(slow.deployment, PROJECT, CreateStore(files=(BatchItem(files[0]),))).id
    cancelled = slow.batch(store, files).id
    file_batches.cancel(slow.deployment, PROJECT, store, cancelled)
    slow.pump.settle()
    older(slow)
    with archive.writing(tmp_path / "export") as sink:
        export(slow.deployment, sink, unwatched)
    (tmp_path / "target").mkdir()
    with (
        closing(Bench(tmp_path / "target", index=DictIndex(), seed=1)) as target,
        archive.reading(tmp_path / "export") as source,
    ):

        def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
            for item in items:
                target.pump.project()
                yield item

        import_into(source, Target(target.deployment, target.pump.projector, workers_running=True), watch)
        target.pump.settle()
        assert sorted(differences(target.deployment, folded_log.read(target.deployment))) == []
        assert (
            vector_stores.get(target.deployment, PROJECT, store).counts
            == vector_stores.get(slow.deployment, PROJECT, store).counts
        )
        assert file_batches.get(target.deployment, PROJECT, store, cancelled).counts == Counts(cancelled=3)
