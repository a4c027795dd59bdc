"""Steps that are cut at every call that they make to a port, in either edition: a setting, what happens before the
step, and the step itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.bench import DAY_MS, PROJECT, Bench, Lost, keyed
from tests.support.parts import begun, done, part
from tests.support.stubs import StubEmbedder
from vectorlog.domain.chunking import AUTO
from vectorlog.domain.errors import NotFound
from vectorlog.domain.manifest import BatchItem
from vectorlog.operations import folded_log
from vectorlog.operations.verify import differences
from vectorlog.use_cases import erasure, file_batches, store_files, uploaded_files, uploads, vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.use_cases.store_files import AttachFile
from vectorlog.use_cases.vector_stores import CreateStore

TEXTS = ("alpha beta\ngamma", "alpha", "damaged")


class Setting:
    """Two stores: one in which all files but one have ended, and one with a batch that is still to be fanned out. Every
    call is counted.
    """

    def __init__(self, bench: Bench, patch: pytest.MonkeyPatch) -> None:
        self.bench = bench
        self.files = [
            bench.upload(text, keyed(f"u{place}", ""), name=f"{place}.txt") for place, text in enumerate(TEXTS)
        ]
        self.listed = [BatchItem(file) for file in self.files]
        self.upload, self.parts = "", list[str]()
        self.store, self.other = bench.store(keyed("s", "")), bench.store(keyed("o", ""))
        bench.attach(self.store, self.files[0])
        bench.pump.settle()
        bench.clock.advance(1)
        bench.attach(self.store, self.files[1])
        self.batch = file_batches.create(bench.deployment, keyed("b", ""), self.other, self.listed, "file_ids").id
        documents, faults = StubEmbedder.documents, bench.faults
        patch.setattr(
            StubEmbedder, "documents", lambda *given: faults.run("StubEmbedder.documents", lambda: documents(*given))
        )
        faults.everywhere = True

    def reach(self, *steps: Callable[[], object]) -> None:
        """Does what happens before the step that is cut."""
        for step in steps:
            while step():
                pass

    def end(self) -> dict[str, Any]:
        """The outcome, once no work is left; nothing may differ from the log."""
        bench = self.bench
        bench.pump.settle()
        bench.clock.advance(DAY_MS)  # long enough for the repeated purges
        bench.pump.settle()
        assert sorted(differences(bench.deployment, folded_log.read(bench.deployment))) == []
        found: dict[str, Any] = {"streams": sorted({commit.stream for commit in bench.log.scan()})}
        for store in (self.store, self.other):
            with suppress(NotFound):
                found[store] = vector_stores.get(bench.deployment, PROJECT, store).counts
                listed = store_files.list_page(bench.deployment, PROJECT, store, PageRequest(order="asc"), None).items
                found[f"{store} files"] = sorted(
                    (view.file, view.state.status, view.state.attributes) for view in listed
                )
                found[f"{store} chunks"] = bench.index.count(bench.space, store)
        found["messages"] = (bench.pump.work.depth(), bench.pump.embed.depth())
        return found


def _create(setting: Setting) -> object:
    return vector_stores.create(
        setting.bench.deployment, keyed("new", ""), CreateStore(name="new", files=tuple(setting.listed))
    )


def _attach(setting: Setting) -> object:
    return store_files.attach(
        setting.bench.deployment, keyed("a", ""), setting.store, AttachFile(setting.files[0], {"n": 1}, AUTO)
    )


def _batch(setting: Setting) -> object:
    return file_batches.create(setting.bench.deployment, keyed("c", ""), setting.store, setting.listed, "file_ids")


def _cancel(setting: Setting) -> object:
    return file_batches.cancel(
        setting.bench.deployment, PROJECT, setting.other, setting.batch
    ).status  # work may cancel the files afterwards


def _delete_file(setting: Setting) -> object:
    with suppress(NotFound):  # a repeated delete may answer that the thing is gone
        uploaded_files.delete(setting.bench.deployment, PROJECT, setting.files[0])
    return None


def _delete_store(setting: Setting) -> object:
    with suppress(NotFound):
        vector_stores.delete(setting.bench.deployment, PROJECT, setting.store)
    return None


def _parts_sent(setting: Setting) -> None:
    bench = setting.bench
    setting.upload = begun(bench, 4, keyed("up", ""))
    setting.parts = [part(bench, setting.upload, text, keyed(text.decode(), "")) for text in (b"ab", b"cd")]


def _complete_upload(setting: Setting) -> object:
    file = done(setting.bench, setting.upload, setting.parts).file
    return file and (file.id, file.state.sha256)


def _cancel_upload(setting: Setting) -> object:
    return uploads.cancel(setting.bench.deployment, PROJECT, setting.upload).state.ended


def _completed(setting: Setting) -> None:
    _parts_sent(setting)
    _complete_upload(setting)
    setting.reach(setting.bench.pump.project)


def _erase_file(setting: Setting) -> object:
    with suppress(NotFound):
        erasure.erase_file(setting.bench.deployment, PROJECT, setting.files[0])
    return None


def _erase_store(setting: Setting) -> object:
    with suppress(NotFound):
        erasure.erase_store(setting.bench.deployment, PROJECT, setting.store)
    return None


def _project(setting: Setting) -> object:
    setting.bench.pump.project()
    return None


def _work(setting: Setting) -> object:
    while setting.bench.pump.work_one():
        pass
    return None


def _embed(setting: Setting) -> object:
    setting.bench.pump.ingest_some()
    return None


def _sweep(setting: Setting) -> object:
    setting.bench.pump.sweep()
    return None


def _projected(setting: Setting) -> None:
    setting.reach(setting.bench.pump.project)


def _fanned_out(setting: Setting) -> None:
    setting.reach(setting.bench.pump.project, setting.bench.pump.work_one, setting.bench.pump.project)


def _ingested(setting: Setting) -> None:
    _fanned_out(setting)
    setting.reach(setting.bench.pump.ingest_some)


def _deleted(setting: Setting) -> None:
    _delete_file(setting)
    _delete_store(setting)
    setting.reach(setting.bench.pump.project)


def _erased(setting: Setting) -> None:
    _ingested(setting)
    _erase_file(setting)
    _erase_store(setting)
    setting.reach(setting.bench.pump.project)


def _overdue(setting: Setting) -> None:
    _fanned_out(setting)
    setting.bench.clock.advance(DAY_MS + 1)


def _nothing(_: Setting) -> None:
    pass


Steps = tuple[Callable[[Setting], None], Callable[[Setting], object]]
"""A case: what happens before, and the step. The step returns the answer that a repeat must give too, or None."""

HANDLERS: Mapping[str, Steps] = {
    "api: create a store with files": (_nothing, _create),
    "api: attach": (_nothing, _attach),
    "api: batch": (_nothing, _batch),
    "api: cancel": (_fanned_out, _cancel),
    "api: delete a file": (_nothing, _delete_file),
    "api: delete a store": (_nothing, _delete_store),
    "api: complete an upload": (_parts_sent, _complete_upload),
    "api: cancel an upload": (_parts_sent, _cancel_upload),
    "api: erase a file": (_nothing, _erase_file),
    "api: erase a store": (_nothing, _erase_store),
    "projector: of the api": (_nothing, _project),
    "projector: of workers": (_ingested, _project),
    "work: fan out": (_projected, _work),
    "work: purge": (_deleted, _work),
    "work: close an upload": (_completed, _work),
    "work: erase": (_erased, _work),
    "embed": (_fanned_out, _embed),
    "sweep": (_overdue, _sweep),
}


def cut(
    steps: Steps,
    make: Callable[[Path, pytest.MonkeyPatch], Bench],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    every: int = 1,
) -> int:
    """Cuts a step before the first call, after it, and after every one that is a multiple of `every`, each time on a
    new bench; returns the number of calls.

    Raises:
        AssertionError: the outcome of a cut and repeated step differs from that of an uncut one.
    """
    before, act = steps

    def run(call: int, *, after: bool) -> tuple[int, object]:
        with monkeypatch.context() as patch:
            setting = Setting(make(folder / f"{call} {after}", patch), patch)
            before(setting)
            try:
                with setting.bench.faults.dying(call, after=after):
                    answer = act(setting)
            except Lost:
                setting.bench.pump.restart()
                answer = act(setting)
            else:
                assert call == 0, f"call {call} was never made"
            calls = setting.bench.faults.calls
            found = setting.end()
            setting.bench.close()
            return calls, (answer, found)

    calls, expected = run(0, after=False)
    assert calls, "this makes no call"
    for call in (call for call in range(1, calls + 1) if call == 1 or call % every == 0):
        for after in (False, True) if call == 1 else (True,):
            assert run(call, after=after)[1] == expected, (
                f"died {'after' if after else 'before'} call {call} of {calls}"
            )
    return calls
