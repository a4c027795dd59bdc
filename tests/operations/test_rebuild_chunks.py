"""Files whose chunks an earlier version made are read again, while the old ones serve."""

from __future__ import annotations

from tests.operations.transfer.answers import unwatched
from tests.support.bench import PROJECT, Bench
from vectorlog.files import artefact
from vectorlog.operations.rebuild_chunks import Reread, reread
from vectorlog.use_cases import store_files
from vectorlog.use_cases.uploaded_files import blob_key


def rebuilt(bench: Bench) -> Reread:
    """What a rebuild of the chunks found and began."""
    deployment = bench.deployment
    return reread(deployment.streams, deployment.views, bench.blobs, deployment.clock, unwatched)


def make_old(bench: Bench, store: str, file: str) -> None:
    """Replaces the artefact of the first generation of a file by one of the first version, with one chunk."""
    [chunks] = artefact.read_parts(bench.blobs, store, file, 1)
    spans = [(0, len(chunks[0].text))]
    bench.blobs.put([artefact.part_item(store, file, 1, 0, spans, [chunks[0].vectors])])


def test_old_chunks_serve_until_the_new_ones_do(bench: Bench) -> None:
    """A file of an earlier version is ingested again with its settings, one of this version is not; nothing is lost
    meanwhile, and a repetition finds nothing left to do.
    """
    store = bench.store()
    old, new = bench.upload("alpha one"), bench.upload("alpha two")
    for file in (old, new):
        bench.attach(store, file)
    bench.pump.settle()
    make_old(bench, store, old)
    report = rebuilt(bench)
    assert (report.begun, report.current, report.lost) == (1, 1, [])
    state = store_files.load(bench.deployment, PROJECT, store, old)[1]
    assert state.serving is not None
    assert state.open is not None
    assert (state.serving.generation, state.open.generation, state.status) == (1, 2, "in_progress")
    assert set(bench.find(store, "alpha")) == {old, new}
    assert (rebuilt(bench).begun, rebuilt(bench).current) == (0, 2)
    bench.pump.settle()
    state = store_files.load(bench.deployment, PROJECT, store, old)[1]
    assert state.serving is not None
    assert (state.serving.generation, state.status) == (2, "completed")
    assert artefact.is_current(bench.blobs, store, old, 2)
    assert set(bench.find(store, "alpha")) == {old, new}
    assert rebuilt(bench).begun == 0


def test_a_file_without_its_bytes_keeps_its_chunks(bench: Bench) -> None:
    """It is named, and goes on serving."""
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file)
    bench.pump.settle()
    make_old(bench, store, file)
    state = store_files.load(bench.deployment, PROJECT, store, file)[1]
    bench.blobs.delete([blob_key(file, state.sha256)])
    report = rebuilt(bench)
    assert (report.begun, report.lost) == (0, [f"{store}/{file}"])
    assert set(bench.find(store, "alpha")) == {file}
