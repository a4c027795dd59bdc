"""The rows of a data folder, rebuilt while requests, work and searches continue, by processes that may die."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.operations.transfer.answers import answers, history, unwatched
from tests.support.bench import PROJECT, Bench, Lost
from tests.support.history import History
from vectorlog.operations import progress
from vectorlog.operations.progress import Watch
from vectorlog.operations.rebuild_views import Projection
from vectorlog.operations.verify import UnderWay, verify
from vectorlog.runtime.local import rebuild
from vectorlog.runtime.local.data_folder import DataFolder, FolderInUse
from vectorlog.runtime.local.log_and_views import LocalLogAndViews
from vectorlog.use_cases import vector_stores
from vectorlog.use_cases.pages import PageRequest
from vectorlog.views import keys, sqlite
from vectorlog.views.table import Add, Key, Remove, Row
from vectorlog.views.views import Views

T = TypeVar("T")


def stepping(step: Callable[[], object], *, dies_after: int | None = None) -> Watch:
    """Does a step at every commit that a rebuild reads."""

    def watch(label: str, items: Iterable[T], total: int | None) -> Iterator[T]:
        for place, item in enumerate(items):
            if place == dies_after:
                raise Lost(f"after {place} {label}")
            step()
            yield item

    return watch


def clean(bench: Bench) -> None:
    bench.pump.settle()
    report = verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None)
    assert report.differing == report.pending == ()


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large count of steps, so that much can happen between them."""
    monkeypatch.setattr(progress, "PAGE", 3)
    monkeypatch.setattr(rebuild, "PAGE", 3)


@pytest.mark.parametrize("seed", range(1000, 1004))
def test_beside_everything(seed: int, tmp_path: Path) -> None:
    """Whatever is requested and whatever dies while rows are rebuilt: at every step counts add up, created things exist
    and deleted ones do not; and in the end the rows are what the log says.
    """
    story = History(tmp_path, seed)
    for _ in range(60):
        story.step()
    folder = DataFolder(tmp_path)

    def step() -> None:
        if story.draw.random() < 0.3:
            story.step()
            story.check()

    with pytest.raises(Lost):
        rebuild.views(folder, stepping(step, dies_after=story.draw.randrange(len(story.bench.log.after(0, 10_000)))))
    story.check()
    rebuild.views(folder, stepping(step))
    story.check()
    for _ in range(20):
        story.step()
        story.check()
    story.finish()
    story.bench.close()


def test_damage_is_gone(bench: Bench) -> None:
    """Lost or wrong rows are right after a rebuild, and every answer is as before the damage."""
    made = history(bench)
    expected, table = answers(bench.deployment, made), bench.deployment.views.table
    table.write(
        [
            Add(keys.store(made.store), {"completed": 7}),
            Remove(keys.batch(made.batch)),
            Add(keys.file("file-none"), {"x": 1}),
        ]
    )
    assert answers(bench.deployment, made) != expected
    rebuild.views(DataFolder(bench.folder), unwatched)
    assert answers(bench.deployment, made) == expected
    clean(bench)


def test_old_ones_serve_until_the_switch(bench: Bench) -> None:
    """A rebuild that dies at any point has changed nothing visible, and loses no waiting message."""
    made, store = history(bench), bench.store(name="late")
    bench.attach(store, late := bench.upload("alpha late"))
    seen, dump = (
        answers(bench.deployment, made),
        bench.derived.read().execute("SELECT * FROM views ORDER BY pk, sk").fetchall(),
    )
    commits = len(bench.log.after(0, 10_000))
    for dies_after in range(0, commits, 7):
        with pytest.raises(Lost):
            rebuild.views(DataFolder(bench.folder), stepping(lambda: None, dies_after=dies_after))
        assert answers(bench.deployment, made) == seen
    assert bench.derived.read().execute("SELECT * FROM views ORDER BY pk, sk").fetchall() == dump
    assert rebuild.views(DataFolder(bench.folder), unwatched) == commits
    clean(bench)
    assert bench.find(store, "alpha") == [late]


def test_switch_that_fails(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new rows replace the old ones as a whole, with their indexes, or not at all."""
    made = history(bench)
    seen = answers(bench.deployment, made)
    schema = "SELECT name, sql FROM sqlite_schema WHERE name LIKE 'views%' ORDER BY name"
    before = [name for name, _ in bench.derived.read().execute(schema)]
    monkeypatch.setattr(sqlite, "_INDEXES", (*sqlite._INDEXES, "CREATE INDEX views_wrong ON views (nowhere)"))
    with pytest.raises(Exception, match="no such column"):
        rebuild.views(DataFolder(bench.folder), unwatched)
    assert answers(bench.deployment, made) == seen
    monkeypatch.undo()
    rebuild.views(DataFolder(bench.folder), unwatched)
    assert [name for name, _ in bench.derived.read().execute(schema)] == before
    assert answers(bench.deployment, made) == seen


def test_store_deleted_meanwhile(bench: Bench) -> None:
    """A store that is deleted and purged while its rows are rebuilt leaves none."""
    made = history(bench)

    def step() -> None:
        if vector_stores.list_page(bench.deployment, PROJECT, PageRequest()).items:
            vector_stores.delete(bench.deployment, PROJECT, made.store)
            bench.pump.settle()

    commits = iter(range(10_000))
    rebuild.views(DataFolder(bench.folder), stepping(lambda: step() if next(commits) == 25 else None))
    clean(bench)


def test_what_came_just_before_the_switch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new rows include changes made after the log was read to its end and before these rows serve."""
    made, settle, files = history(bench), Projection.apply_work, list[str]()

    def settled(projection: Projection, views: Views) -> None:
        if not files:
            bench.attach(made.store, bench.upload("alpha just before"))
            bench.pump.settle()
            files.extend(bench.find(made.store, "alpha"))
        settle(projection, views)

    monkeypatch.setattr(Projection, "apply_work", settled)
    rebuild.views(DataFolder(bench.folder), unwatched)
    assert bench.find(made.store, "alpha") == files
    assert verify(bench.deployment, lambda: UnderWay(0, 0), lambda: None).differing == ()


def test_one_at_a_time(bench: Bench) -> None:
    """A second rebuild of a folder is refused while one is running."""
    folder = DataFolder(bench.folder)
    with folder.lock_rebuild(), pytest.raises(FolderInUse, match="is being rebuilt by the process"):
        rebuild.views(folder, unwatched)


def test_views_of_an_earlier_version(bench: Bench) -> None:
    """Views that an earlier version of the code made are made anew at the start, once; those of this one are not."""
    store, file = bench.store(), bench.upload("alpha")
    bench.attach(store, file)
    bench.pump.settle()
    folder = DataFolder(bench.folder)
    opened = LocalLogAndViews(folder)
    rebuild.renew_views(folder, opened)
    expected = rows(bench)

    def is_renewed() -> bool:
        bench.derived.write(lambda connection: connection.execute("DELETE FROM views WHERE pk LIKE 'USAGE%'"))
        rebuild.renew_views(folder, opened)
        return rows(bench) == expected

    assert not is_renewed()
    bench.derived.write(lambda connection: connection.execute("PRAGMA user_version = 0"))
    assert is_renewed()
    assert not is_renewed()
    opened.close()


def rows(bench: Bench) -> dict[Key, Row]:
    return {row.key: row for row in bench.deployment.views.table.scan()}
