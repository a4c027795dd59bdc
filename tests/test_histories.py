"""One scenario that is cut at every call with an effect. Random histories are in `tests/simulation/`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, DictIndex, Lost, keyed
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import NotFound
from vectorlog.domain.manifest import BatchItem
from vectorlog.use_cases import file_batches, store_files, uploaded_files, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore
from vectorlog.views.counts import Counts

T = TypeVar("T")

PARTS = 6
QUICK_PARTS = (0,)
"""Every sixth call; `./dev test kills` cuts at the others."""


class Scenario:
    """Requests one after the other, with all work between them; a request whose process died is sent again."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.bench = Bench(folder, index=DictIndex(), seed=7, inline_files=2)
        self.died = ""

    def run(self) -> dict[str, object]:
        """Everything that a caller sees in the end, and everything that is stored for it."""
        bench, deployment, say = self.bench, self.bench.deployment, self._say
        files = [self._upload(number) for number in range(4)]
        every = [BatchItem(file) for file in files]
        store = say(lambda: vector_stores.create(deployment, keyed("s", "s"), CreateStore(files=(every[0],)))).id
        other = say(lambda: vector_stores.create(deployment, keyed("o", "o"), CreateStore(files=(every[1],)))).id
        say(lambda: store_files.attach(deployment, keyed("a", "a"), store, AttachFile(files[3], {"n": 1}, AUTO)))
        first = say(lambda: file_batches.create(deployment, keyed("b", "b"), store, every, "file_ids")).id
        say(bench.pump.settle)
        bench.clock.advance(1)
        say(lambda: store_files.change_attributes(deployment, keyed("c", "c"), store, files[1], {"n": 2}))
        say(lambda: store_files.attach(deployment, keyed("r", "r"), store, AttachFile(files[2], {"n": 3}, AUTO)))
        bench.clock.advance(1)
        second = say(lambda: file_batches.create(deployment, keyed("d", "d"), store, every, "file_ids")).id
        say(lambda: file_batches.cancel(deployment, PROJECT, store, second))
        say(lambda: _gone(lambda: store_files.detach(deployment, PROJECT, store, files[0])))
        say(lambda: _gone(lambda: uploaded_files.delete(deployment, PROJECT, files[1])))
        say(lambda: _gone(lambda: vector_stores.delete(deployment, PROJECT, other)))
        assert not {files[0], files[1]} & set(say(lambda: bench.find(store, "alpha beta"))), (
            "a search finds what was deleted"
        )
        say(bench.pump.settle)
        bench.clock.advance(DAY_MS)
        say(bench.pump.settle)
        listed = store_files.list_page(deployment, PROJECT, store, PageRequest(order="asc"), None).items
        return {
            "found": sorted(say(lambda: bench.find(store, "alpha beta"))),
            "files": [(view.file, view.state.status, view.state.attributes) for view in listed],
            "counts": vector_stores.get(deployment, PROJECT, store).counts,
            "batches": [file_batches.get(deployment, PROJECT, store, batch).counts for batch in (first, second)],
            "statuses": [file_batches.get(deployment, PROJECT, store, batch).status for batch in (first, second)],
            "chunks": sorted(bench.index.count(bench.space, store))
            == sorted((view.file, view.state.serving.generation) for view in listed if view.state.serving),
            "blobs": sorted("/".join(key.split("/")[:3]) for key in bench.blobs.list("")),
            "messages": (bench.pump.work.depth(), bench.pump.embed.depth()),
            "other": bench.index.count(bench.space, other),
        }

    def _upload(self, number: int) -> str:
        return self._say(lambda: self.bench.upload(f"alpha {number}\nbeta {number}", keyed(f"u{number}", "")))

    def _say(self, step: Callable[[], T]) -> T:
        try:
            return step()
        except Lost as lost:
            self.died = str(lost)
            self.bench.pump.restart()
            return step()


def _gone(delete: Callable[[], None]) -> None:
    """A repeated delete may answer that the thing is gone."""
    try:
        delete()
    except NotFound:
        return


@pytest.fixture(scope="module")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], int]:
    """The outcome of the scenario when nothing dies, and the number of its calls with an effect."""
    scenario = Scenario(tmp_path_factory.mktemp("uncut") / "run")
    result = scenario.run()
    scenario.bench.close()
    return result, scenario.bench.faults.calls


@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=[pytest.mark.long] * (part not in QUICK_PARTS)) for part in range(PARTS)]
)
def test_cut_at_every_call(part: int, uncut: tuple[dict[str, object], int], tmp_path: Path) -> None:
    """Wherever a process dies, before any call with an effect (which is after the previous one), repeated requests and
    work lead to the same outcome.
    """
    expected, calls = uncut
    for call in range(1 + part, calls + 1, PARTS):
        scenario = Scenario(tmp_path / str(call))
        with scenario.bench.faults.dying(call, after=False):
            result = scenario.run()
        scenario.bench.close()
        assert scenario.died, f"call {call} of {calls} was never made"
        assert result == expected, f"call {call}: died {scenario.died}"


def test_uncut(uncut: tuple[dict[str, object], int]) -> None:
    """The outcome that every cut leads to is the right one."""
    result, _ = uncut
    assert result["statuses"] == ["completed", "cancelled"]
    assert result["batches"] == [Counts(completed=4), Counts(cancelled=4)]
    assert [(status, attributes) for _, status, attributes in cast(Any, result["files"])] == [
        ("completed", {}),
        ("completed", {"n": 3}),
    ]
    assert result["chunks"] is True
    assert result["messages"] == (0, 0)
    assert result["other"] == {}
