"""Who may read a data folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vectorlog.runtime.local.data_folder import DataFolder, FolderInUse, UnknownFormat
from vectorlog.runtime.local.service import Local
from vectorlog.runtime.local.settings import Settings


@pytest.fixture(autouse=True)
def careless() -> Iterator[None]:
    """A process whose umask takes away no right."""
    before = os.umask(0)
    yield
    os.umask(before)


def use(folder: Path) -> None:
    """A server on the folder, which stores something of every kind."""
    local = Local(Settings(data=folder, readers=1))
    local.deployment.blobs.put([("a/b/c", b"bytes")])
    assert local.close()


def open_to_others(folder: Path) -> set[str]:
    every = [folder, *folder.rglob("*")]
    return {str(path) for path in every if path.stat().st_mode & 0o077}


def test_a_new_folder_is_private(tmp_path: Path) -> None:
    """Every file and folder is its owner's alone, the databases' own files included, whatever the umask."""
    folder = tmp_path / "data"
    local = Local(Settings(data=folder, readers=1))
    local.deployment.blobs.put([("a/b/c", b"bytes")])
    assert {"log.db-wal", "log.db-shm"} <= {path.name for path in folder.iterdir()}
    assert open_to_others(folder) == set()
    assert local.close()


def test_an_open_folder_is_closed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that others could read is closed to them at the start, and the log says so, once. What is not ours in it
    stays as it is.
    """
    folder = tmp_path / "data"
    use(folder)
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").touch()
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    use(folder)
    assert open_to_others(folder) == {str(folder / "notes"), str(folder / "notes" / "mine.txt")}
    assert "could read" in caplog.text
    caplog.clear()
    use(folder)
    assert "could read" not in caplog.text


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link in the folder does not change what it points to. The folder itself may be reached by a link."""
    folder, other = tmp_path / "data", tmp_path / "other.txt"
    (tmp_path / "real").mkdir(mode=0o755)
    folder.symlink_to(tmp_path / "real")
    use(folder)
    assert open_to_others(tmp_path / "real") == set()
    other.touch(mode=0o666)
    (folder / "blobs" / "link").symlink_to(other)
    use(folder)
    assert other.stat().st_mode & 0o777 == 0o666


def test_one_server(tmp_path: Path) -> None:
    """A second server on the folder is refused, with the process id of the first, until that has ended; a rebuild may
    run beside a server, but not beside another rebuild.
    """
    folder = DataFolder(tmp_path / "data")
    for lock in (folder.lock, folder.lock_rebuild):
        held = lock()
        with pytest.raises(FolderInUse, match=str(os.getpid())):
            lock()
        held.close()
        lock().close()
    with folder.lock(), folder.lock_rebuild():
        pass


def test_an_older_format_is_raised(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The server's start raises the format of a folder from before `blobs.db`, so an older version, which would not
    find small files there, refuses it. The log says so, once, and the folder is not taken for a copy.
    """
    folder = DataFolder(tmp_path / "data")
    use(folder.path)
    folder.marker.write_text('{"format": 1}\n')
    for _ in range(2):
        use(folder.path)
        assert folder.marker.read_text() == '{"format": 2}\n'
    assert caplog.text.count("older versions of Vectorlog can no longer use") == 1
    assert "copy" not in caplog.text


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    """A folder of a newer version is refused, and stays as it is."""
    folder = DataFolder(tmp_path / "data")
    folder.marker.write_text('{"format": 3}\n')
    with pytest.raises(UnknownFormat, match=r"has format 3.*knows formats up to 2"):
        Local(Settings(data=folder.path, readers=1))
    assert {path.name for path in folder.path.iterdir()} == {"vectorlog.json"}
