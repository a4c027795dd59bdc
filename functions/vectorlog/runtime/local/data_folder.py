"""The folder that a local edition lives in: its format, and who has it open."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO

FORMAT = 1


class FolderInUse(Exception):
    """Another process has the folder; the message names it."""


class NoDataFolder(Exception):
    """There is no data folder where one is only to be looked at."""


class UnknownFormat(Exception):
    """A newer version of Vectorlog made the folder."""


class DataFolder:
    """Paths of one data folder; made where it is missing, unless it is `only_old`.

    Raises:
        NoDataFolder: it is missing, and was not to be made.
        OSError: it cannot be made.
        UnknownFormat: it is not for this version of the code.
    """

    def __init__(self, path: Path, *, must_exist: bool = False) -> None:
        self.path = path
        if must_exist and not (path / "vectorlog.json").is_file():
            raise NoDataFolder(f"There is no Vectorlog data in {path}; name its folder with --data.")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        marker = path / "vectorlog.json"
        if not marker.exists():
            draft = path / f"vectorlog.json.{os.getpid()}"
            draft.write_text(json.dumps({"format": FORMAT}) + "\n")
            draft.replace(marker)
        found = json.loads(marker.read_text())["format"]
        if found != FORMAT:
            raise UnknownFormat(
                f"{path} has format {found}; this version of Vectorlog knows format {FORMAT}. Use the version "
                f"that made it."
            )

    @property
    def log(self) -> Path:
        """The event log: the one file that nothing else can replace, with the blobs."""
        return self.path / "log.db"

    @property
    def derived(self) -> Path:
        """Views and queues: made from the log."""
        return self.path / "derived.db"

    @property
    def index(self) -> Path:
        """The chunk index: made from the artefacts."""
        return self.path / "index"

    @property
    def next_index(self) -> Path:
        """A chunk index that is being made to take the place of the other."""
        return self.path / "index.next"

    @property
    def old_index(self) -> Path:
        """The chunk index whose place was taken, until it is deleted."""
        return self.path / "index.old"

    @property
    def blobs(self) -> Path:
        """Uploaded files, manifests, artefacts."""
        return self.path / "blobs"

    @property
    def staging(self) -> Path:
        """Bytes on their way into blobs."""
        return self.path / "staging"

    @property
    def spool(self) -> Path:
        """Uploads that are still arriving."""
        return self.path / "spool"

    def lock(self) -> IO[str]:
        """Takes the folder for this process until the file that is returned is closed, or the process ends.

        Raises:
            FolderInUse: another process has it.
        """
        return self._lock(
            "lock",
            "is in use by the Vectorlog server with process id {}. Stop it first, or give another folder with --data.",
        )

    def lock_rebuild(self) -> IO[str]:
        """The same, for the one process that makes anew what is derived; the server may have the folder.

        Raises:
            FolderInUse: another process does so.
        """
        return self._lock("rebuild.lock", "is being rebuilt by the process with id {}. Let it end first.")

    def _lock(self, name: str, says: str) -> IO[str]:
        file = (self.path / name).open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise FolderInUse(f"{self.path} {says.format(holder)}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file
