"""The steps of a move, cut at every call that they make to a port."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.support.bench import Bench, DictIndex
from tests.support.crash_points import Setting, cut
from tests.support.moving import OTHER, MovingBench


def _begun(setting: Setting) -> None:
    """A move of a store in which one file serves and one is open."""
    bench = cast(MovingBench, setting.bench)
    setting.reach(bench.pump.project)
    assert bench.begin(setting.store)
    setting.reach(bench.pump.project)


def _opened(setting: Setting) -> None:
    _begun(setting)
    setting.reach(setting.bench.pump.work_one, setting.bench.pump.project)


def _embedded(setting: Setting) -> None:
    _opened(setting)
    setting.reach(setting.bench.pump.ingest_some, setting.bench.pump.project)
    setting.bench.clock.advance(1_000)


def _switched(setting: Setting) -> None:
    _embedded(setting)
    setting.reach(setting.bench.pump.work_one, setting.bench.pump.project, setting.bench.pump.work_one)
    assert cast(MovingBench, setting.bench).space_of(setting.store) == OTHER
    setting.bench.clock.advance(60_000)


def _begin(setting: Setting) -> object:
    bench = cast(MovingBench, setting.bench)
    bench.begin(setting.store)
    return bench.deployment.streams.log.load(setting.store) is not None


def _work(setting: Setting) -> object:
    while setting.bench.pump.work_one():
        pass
    return None


def _embed(setting: Setting) -> object:
    while setting.bench.pump.ingest_some():
        pass
    return None


STEPS: dict[str, tuple[Callable[[Setting], None], Callable[[Setting], object]]] = {
    "begin": (lambda _: None, _begin),
    "open files": (_begun, _work),
    "embed": (_opened, _embed),
    "switch": (_embedded, _work),
    "remove the old chunks": (_switched, _work),
}


@pytest.mark.long
@pytest.mark.parametrize("name", STEPS)
def test_cut(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the process dies, a repeated step has the same outcome as an uncut one: the store has moved, everything
    is found, and nothing is left over.
    """

    def make(folder: Path, _: pytest.MonkeyPatch) -> Bench:
        folder.mkdir()
        return MovingBench(folder, index=DictIndex(), inline_files=0)

    end = Setting.end

    def end_moved(setting: Setting) -> dict[str, object]:
        found = end(setting)
        bench = cast(MovingBench, setting.bench)
        assert bench.space_of(setting.store) == OTHER
        assert set(bench.by_meaning(setting.store, "alpha")) == {setting.files[0], setting.files[1]}
        # A repeated step opens a file again that it had opened, so the numbers of generations may differ.
        chunks = bench.index.count(OTHER, setting.store)
        return found | {"moved chunks": sorted((file, count) for (file, _), count in chunks.items())}

    monkeypatch.setattr(Setting, "end", end_moved)
    assert cut(STEPS[name], make, tmp_path, monkeypatch)
