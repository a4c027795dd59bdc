"""Work is shared out by project, so every message says whose it is."""

from __future__ import annotations

import pytest

from tests.support.bench import Bench
from vectorlog.domain.tenancy import Caller
from vectorlog.use_cases import file_batches, store_files, uploaded_files
from vectorlog.use_cases.actor import Actor
from vectorlog.work.messages import decode

ACME = Actor(Caller("acme"), "req_1")
MEMBER = Actor(Caller("acme", "ann"), "req_2")


@pytest.mark.parametrize("actor", [ACME, MEMBER])
@pytest.mark.parametrize("inline", [0, 100])
def test_every_message(tmp_path: object, actor: Actor, inline: int) -> None:
    """Whatever a project or its end user sets off, at once or through a batch, is work of that project."""
    bench = Bench(tmp_path, inline_files=inline)  # type: ignore[arg-type]  # a Path
    store, other = bench.store(actor), bench.store(actor)
    files = [bench.upload(f"text {number}", actor) for number in range(3)]
    bench.attach(store, files[0], actor)
    batch = bench.batch(store, files[1:], actor)
    bench.batch(other, files, actor)
    projects: set[str] = set()

    def note() -> None:
        for queue in (bench.pump.work, bench.pump.embed):
            projects.update(decode(body).project for body, *_ in queue.peek())

    def settle() -> None:
        while bench.pump.project() or bench.pump.work_one() or bench.pump.ingest_some():
            note()

    settle()
    store_files.detach(bench.deployment, actor, store, files[0])
    file_batches.cancel(bench.deployment, actor, store, batch.id)
    uploaded_files.delete(bench.deployment, actor, files[1])
    settle()
    assert projects == {"acme"}
    bench.close()
