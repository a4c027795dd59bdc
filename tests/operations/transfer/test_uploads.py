"""Uploads in parts that are exported and imported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.operations.transfer.moves import assert_clean, brought, in_order_of_streams, written
from tests.support.bench import PROJECT, Bench, Lost
from tests.support.parts import begun, done, part
from vectorlog.domain import upload
from vectorlog.domain.errors import Invalid
from vectorlog.use_cases import uploaded_files, uploads
from vectorlog.use_cases.upload_parts import DIRECT, part_key


@pytest.mark.parametrize("workers_running", [False, True])
def test_moved(
    make: Callable[..., Bench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers_running: bool
) -> None:
    """A pending upload moves with its parts and is completed there; one that has ended moves as it is."""
    source, target = make("source"), make("target")
    in_order_of_streams(target, monkeypatch)
    pending, cancelled, completed = begun(source, 6, direct_part_size=4), begun(source, 2), begun(source, 2)
    sent = part(source, pending, b"ef")
    direct = next(iter(upload.direct_parts(pending, uploads.own_upload(source.deployment, PROJECT, pending).state)))
    source.blobs.put([(part_key(pending, direct, DIRECT), b"abcd")])
    part(source, cancelled, b"ab")
    uploads.cancel(source.deployment, PROJECT, cancelled)
    file = done(source, completed, [part(source, completed, b"ab")]).file
    assert file is not None
    contents = written(source, tmp_path / "export")
    assert contents.missing == ()
    target.clock.now = source.clock.now
    brought(tmp_path / "export", target, workers_running=workers_running)
    assert_clean(target)
    assert uploaded_files.get(target.deployment, PROJECT, file.id) == file
    view = done(target, pending, [direct, sent])
    assert view.file is not None
    _, key = uploaded_files.content(target.deployment, PROJECT, view.file.id)
    assert target.blobs.read(key) == b"abcdef"
    with pytest.raises(Invalid, match="cancelled"):
        part(target, cancelled, b"x")
    assert_clean(target)


def test_completed_meanwhile(make: Callable[..., Bench], tmp_path: Path) -> None:
    """An upload that is completed while its parts are copied misses nothing: its newer commits are added."""
    source, target = make("source"), make("target")
    id = begun(source, 2)
    sent = part(source, id, b"ab")

    def complete() -> None:
        done(source, id, [sent])
        source.pump.settle()

    contents = written(source, tmp_path / "export", complete)
    assert contents.deletions == 1
    assert contents.missing == ()
    brought(tmp_path / "export", target)
    with pytest.raises(Invalid, match="completed"):
        part(target, id, b"x")


def test_file_without_its_commit(make: Callable[..., Bench], tmp_path: Path) -> None:
    """If the source died between the two commits of a complete, the import makes the file."""
    source, target = make("source"), make("target")
    id = begun(source, 2)
    sent = part(source, id, b"ab")
    append, appends = source.log.append, 0

    def dying(commits: object) -> object:
        nonlocal appends
        appends += 1
        if appends > 1:
            raise Lost
        return append(commits)  # type: ignore[arg-type]

    source.log.append = dying  # type: ignore[assignment, method-assign]
    with pytest.raises(Lost):
        done(source, id, [sent])
    source.log.append = append  # type: ignore[method-assign]
    written(source, tmp_path / "export")
    brought(tmp_path / "export", target)
    view = done(target, id, [sent])
    assert view.file is not None
