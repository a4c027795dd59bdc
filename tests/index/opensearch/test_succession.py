"""An index in OpenSearch that replaces another one, on the real server, while files are ingested, changed and deleted
and searches run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.operations.meanwhile import CHANGES, at, changes
from tests.operations.transfer.answers import Made, answers, history, unwatched
from tests.support import opensearch_local
from tests.support.bench import Bench, Lost
from vectorlog.index.opensearch.errors import NoIndex
from vectorlog.index.opensearch.index import OpenSearchIndex
from vectorlog.index.opensearch.mapping import alias, successor
from vectorlog.index.opensearch.succession import GRACE_S, Succession
from vectorlog.operations import progress
from vectorlog.operations.progress import Watch
from vectorlog.operations.rebuild_index import Refill
from vectorlog.operations.verify import UnderWay, verify

pytestmark = pytest.mark.aws


class Setting:
    """A deployment on OpenSearch, ids to ask about, and its rebuilds."""

    def __init__(self, folder: Path, index: OpenSearchIndex) -> None:
        self.index = index
        self.bench = Bench(folder, index=self.index)
        self.made: Made = history(self.bench)
        self.expected = self.answers()
        self.pauses: list[float] = []

    def answers(self) -> dict[str, object]:
        """Answers without scores: a shard's word statistics include recently deleted chunks."""
        given = answers(self.bench.deployment, self.made)
        return given | {"found": sorted(cast("dict[str, object]", given["found"]))}

    def succession(self) -> Succession:
        return Succession(self.index, [self.bench.space], self.pauses.append)

    def fill(self, into: Succession, watch: Watch = unwatched) -> Refill:
        refill = Refill(self.bench.deployment.streams, self.bench.blobs, into, into.takes)
        refill.fill(watch)
        return refill

    def rebuild(self, watch: Watch = unwatched) -> Refill:
        succession = self.succession()
        succession.begin()
        refill = self.fill(succession, watch)
        succession.switch()
        succession.drop()
        return refill

    @property
    def names(self) -> dict[str, list[str]]:
        """Indexes of the space, and their aliases."""
        found = opensearch_local.client().indices.get_alias(index=f"{alias(self.bench.space, self.index.layout)}-*")
        return {name: sorted(each["aliases"]) for name, each in found.items()}

    def clean(self) -> None:
        self.bench.pump.restart()
        self.bench.pump.settle()
        report = verify(self.bench.deployment, lambda: UnderWay(0, 0), lambda: None)
        assert report.differing == report.pending == ()


@pytest.fixture(params=[opensearch_local.opened, opensearch_local.opened_collection], ids=["domain", "collection"])
def setting(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setting]:
    monkeypatch.setattr(progress, "PAGE", 2)
    made = Setting(tmp_path, request.param(tmp_path))
    yield made
    made.bench.close()


def test_takes_the_place(setting: Setting) -> None:
    """The new index answers as the old one did, and nothing of the old one is left; and again the next time."""
    name = alias(setting.bench.space, setting.index.layout)
    for number in (2, 3):
        refill = setting.rebuild()
        assert (refill.files, refill.chunks, refill.incomplete) == (3, 6, [])
        assert setting.names == {f"{name}-{number}": [name]}
        assert setting.answers() == setting.expected
    assert setting.pauses == [GRACE_S] * 2
    setting.clean()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", ["begun", 0, 2, "filled"])
def test_beside_changes(setting: Setting, change: str, when: str | int) -> None:
    """Whatever changes after an index was created, while it is filled, or before the switch, is in it, and what was
    deleted is not.
    """
    step = changes(setting.bench, setting.made)[change]
    succession = setting.succession()
    succession.begin()
    if when == "begun":
        step()
    setting.fill(succession, at(when, step) if isinstance(when, int) else unwatched)
    if when == "filled":
        step()
    expected = setting.answers() if change != "delete_store" else None
    succession.switch()
    if expected is not None:
        assert setting.answers() == expected
    setting.clean()
    succession.drop()
    setting.clean()


def test_searches_never_fail_nor_miss(setting: Setting) -> None:
    """Files that are ingested meanwhile are found by every search that starts after they serve."""
    bench, store = setting.bench, setting.made.store
    serving = set(bench.find(store, "alpha"))
    wrong: list[object] = []
    done, searches = threading.Event(), 0

    def search() -> None:
        nonlocal searches
        while not done.is_set():
            before = set(serving)
            try:
                found = set(bench.find(store, "alpha"))
            except Exception as error:  # noqa: BLE001  # told by the test
                wrong.append(error)
            else:
                wrong.extend(before - found)
            searches += 1

    def ingest() -> None:
        bench.attach(store, file := bench.upload("alpha new"))
        bench.pump.settle()
        serving.add(file)

    thread = threading.Thread(target=search)
    thread.start()
    try:
        for _ in range(3):
            succession = setting.succession()
            succession.begin()
            ingest()
            setting.fill(succession, at(1, ingest))
            ingest()
            succession.switch()
            ingest()
            before = searches
            while (
                searches < before + 2 and thread.is_alive()
            ):  # writes to the old index have ended, as after the grace period
                done.wait(0.01)
            succession.drop()
    finally:
        done.set()
        thread.join()
    assert wrong == []
    assert searches > 10
    setting.clean()


def test_switch_in_the_middle_of_a_write(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written to the old index just before the switch is in the new one before its file is completed."""
    succession, bench, write = setting.succession(), setting.bench, setting.index.write
    succession.begin()
    setting.fill(succession)

    def switching(made: object, name: str, *rest: object) -> object:
        written = write(made, name, *rest)  # type: ignore[arg-type]
        monkeypatch.setattr(setting.index, "write", write)
        succession.switch()
        return written

    monkeypatch.setattr(setting.index, "write", switching)
    bench.attach(setting.made.store, file := bench.upload("alpha in the middle"))
    bench.pump.settle()
    assert file in bench.find(setting.made.store, "alpha")
    setting.clean()


@pytest.mark.parametrize("place", [0, 1, 2, "filled", "switched"])
def test_cut_off(setting: Setting, place: int | str) -> None:
    """A rebuild that died has changed nothing visible; the next one ends normally, and nothing is left of either."""
    succession, name = setting.succession(), alias(setting.bench.space, setting.index.layout)

    def die() -> None:
        raise Lost("here")

    succession.begin()
    assert successor(name) in setting.names[f"{name}-2"]
    if isinstance(place, int):
        with pytest.raises(Lost):
            setting.fill(succession, at(place, die))
    else:
        setting.fill(succession)
    if place == "switched":
        succession.switch()
    assert setting.answers() == setting.expected
    setting.rebuild()
    assert list(setting.names.values()) == [[name]]
    assert setting.answers() == setting.expected
    setting.clean()


def test_two_at_once(setting: Setting) -> None:
    """Of two rebuilds of an index the later one continues, and the other ends with an error, harmlessly."""
    first, second = setting.succession(), setting.succession()
    first.begin()
    second.begin()
    setting.fill(first)
    second.switch()
    with pytest.raises(NoIndex):
        setting.fill(first)
    assert setting.answers() == setting.expected
    setting.clean()


def test_one_that_another_replaced_never_serves(setting: Setting) -> None:
    """A rebuild that another one took over from does not switch to that one's half-filled index."""
    first, second = setting.succession(), setting.succession()
    first.begin()
    second.begin()
    with pytest.raises(NoIndex):
        first.switch()
    assert setting.answers() == setting.expected
    setting.fill(second)
    second.switch()
    second.drop()
    assert setting.answers() == setting.expected
    setting.clean()


def test_lost_index(setting: Setting) -> None:
    """An index that is lost, domain and all, is rebuilt from the artefacts."""
    client = opensearch_local.client()
    for name in setting.names:
        client.indices.delete(index=name)
    setting.rebuild()
    assert setting.answers() == setting.expected
    setting.clean()
