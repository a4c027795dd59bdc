"""A data folder that is read beside a server, whichever version that is of."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import warm
from vectorlog.domain.vectors import Space
from vectorlog.runtime.local.data_folder import DataFolder, UnknownFormat
from vectorlog.runtime.local.inspection import inspect
from vectorlog.runtime.local.service import Local
from vectorlog.runtime.local.settings import Settings
from vectorlog.sqlite.read_only import OlderDatabase, ReadOnly

SPACE = Space("vectorlog/granite", 384)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder that a server has used."""
    made = Local(Settings(data=tmp_path / "data", readers=1))
    made.deployment.blobs.put([("files/a/b", b"bytes")])
    assert made.close()
    return tmp_path / "data"


def changed(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def contents(folder: Path) -> dict[str, str]:
    """Returns what is in the folder, but for the files by which readers of a database share it."""
    own = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in own}


OLDER = {
    "columns": ("index/chunks.db", "alter table text drop column location", "alter table block drop column format"),
    "table": ("derived.db", "DROP TABLE queue_groups"),
}


@pytest.mark.long
@pytest.mark.parametrize("command", ["verify", "export", "show"])
@pytest.mark.parametrize("lacks", ["nothing", "small blobs", "index", *OLDER])
def test_nothing_is_written(data: Path, tmp_path: Path, command: str, lacks: str) -> None:
    """Reading an older version's folder neither adds what its databases lack, nor makes what is missing."""
    if lacks in OLDER:
        database, *statements = OLDER[lacks]
        changed(data / database, *statements)
    elif lacks == "small blobs":
        (data / "blobs.db").unlink()
        (data / "vectorlog.json").write_text('{"format": 1}\n')
    elif lacks == "index":
        for path in (data / "index").iterdir():
            path.unlink()
    before = contents(data)
    arguments = {"verify": [], "export": [str(tmp_path / "out.tar")], "show": ["vs_unknown"]}[command]
    ran = warm.run(command, "--data", str(data), *arguments)
    assert contents(data) == before
    assert "Traceback" not in ran.stderr
    if command == "export":
        assert ran.returncode == 0, ran.stderr


def test_what_cannot_be_read_is_told(data: Path) -> None:
    """What an older version's index lacks is named where it is needed, with what helps; the rest can be read."""
    database, *statements = OLDER["columns"]
    changed(data / database, *statements)
    with inspect(data) as (deployment, _, _):
        assert deployment.blobs.read("files/a/b") == b"bytes"
        with pytest.raises(OlderDatabase, match=r"chunks\.db .* lacks block\.format, text\.location.* Use the version"):
            deployment.index.count(SPACE, "vs_1")


def test_older_queues(data: Path) -> None:
    """`verify` says in one sentence that it cannot read an older version's queues."""
    changed(data / "derived.db", "DROP TABLE queue_groups")
    ran = warm.run("verify", "--data", str(data))
    assert (ran.returncode, "older version of Vectorlog and lacks queue_groups," in ran.stderr) == (1, True)


def test_writes_are_refused(data: Path) -> None:
    """What is opened to be read takes no write, whatever asks for it."""
    with inspect(data) as (deployment, _, _):
        with pytest.raises(ReadOnly):
            deployment.blobs.put([("files/a/c", b"more")])
        with pytest.raises(ReadOnly):
            deployment.index.remove_store(SPACE, "vs_1")


def test_an_older_format_is_not_erased_from(data: Path) -> None:
    """`vectorlog erase` writes, so it needs a folder that a server of this version has had open."""
    DataFolder(data).marker.write_text('{"format": 1}\n')
    with pytest.raises(UnknownFormat, match="Start a server"), inspect(data, read_only=False):
        pass
