"""The data folder of a local deployment: its paths, its format and its locks."""

from __future__ import annotations

import fcntl
import json
import logging
import os
from pathlib import Path
from typing import IO

from vectorlog.files.private import PRIVATE_FILE, PRIVATE_FOLDER, close_to_others, private_file

FORMAT = 2
"""The format of the folder, which grows when an older version would not find something that it holds. So an older one
refuses the folder, with a sentence, instead of answering that something is gone.

1: the blobs are files. 2: small blobs are in `blobs.db`.
"""
_KNOWN = range(1, FORMAT + 1)
_OWN = (
    *("vectorlog.json*", "place.json*", "lock", "rebuild.lock", "ballast", "signing.key", "webhooks.key"),
    *("log.db*", "derived.db*", "blobs.db*", "index", "index.next", "index.old", "blobs", "staging", "spool"),
)
"""Patterns of the names in the folder that are ours. Somebody may keep other files beside them."""

log = logging.getLogger(__name__)


class FolderInUse(Exception):
    """Another process has locked the folder. The message has its process id."""


class NoDataFolder(Exception):
    """The folder has no Vectorlog data, and must not be created."""


class UnknownFormat(Exception):
    """The folder has a format that this version does not know, or in which it may not write."""


class DataFolder:
    """The paths and locks of one data folder. A missing folder is created, unless `must_exist`.

    Raises:
        NoDataFolder: it is missing, and `must_exist`.
        OSError: it cannot be created.
        UnknownFormat: this version of the code does not know its format.
    """

    def __init__(self, path: Path, *, must_exist: bool = False) -> None:
        self.path = path
        if must_exist and not (path / "vectorlog.json").is_file():
            raise NoDataFolder(f"There is no Vectorlog data in {path}; give its folder with --data.")
        path.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
        if not self.marker.exists():
            draft = path / f"vectorlog.json.{os.getpid()}"
            with private_file(draft) as file:
                file.write(_marker(FORMAT))
            draft.replace(self.marker)
        if self.format not in _KNOWN:
            raise UnknownFormat(
                f"{path} has format {self.format}, and this version of Vectorlog knows formats up to {FORMAT}. Use the "
                f"version that used it last, or a newer one."
            )

    @property
    def marker(self) -> Path:
        """The file that makes a folder a data folder, and has its format. Only `raise_format` writes it again."""
        return self.path / "vectorlog.json"

    @property
    def format(self) -> int:
        """The format of what the folder holds."""
        return int(json.loads(self.marker.read_text())["format"])

    @property
    def place(self) -> Path:
        """Which folder this was when a server last had it open, from which a copy is recognised."""
        return self.path / "place.json"

    @property
    def signing_key(self) -> Path:
        """The key that signs the addresses of direct parts. A new one only makes old addresses invalid."""
        return self.path / "signing.key"

    @property
    def webhooks_key(self) -> Path:
        """The key from which the secrets of webhook endpoints are derived. With a new one they all are others, and the
        endpoints are disabled until their secrets are rotated.
        """
        return self.path / "webhooks.key"

    @property
    def log(self) -> Path:
        """The event log. Only it and the blobs cannot be derived from anything else."""
        return self.path / "log.db"

    @property
    def derived(self) -> Path:
        """The views and the queues, which are derived from the log."""
        return self.path / "derived.db"

    @property
    def index(self) -> Path:
        """The chunk index, which is derived from the artefacts."""
        return self.path / "index"

    @property
    def next_index(self) -> Path:
        """A chunk index that a rebuild is filling to replace the other."""
        return self.path / "index.next"

    @property
    def old_index(self) -> Path:
        """The replaced chunk index, until it is deleted."""
        return self.path / "index.old"

    @property
    def blobs(self) -> Path:
        """Uploaded files, manifests, artefacts."""
        return self.path / "blobs"

    @property
    def small_blobs(self) -> Path:
        """Those of them that are small."""
        return self.path / "blobs.db"

    @property
    def staging(self) -> Path:
        """Files that are being written, before they become blobs."""
        return self.path / "staging"

    @property
    def spool(self) -> Path:
        """Uploads that are still arriving."""
        return self.path / "spool"

    def check_current(self) -> None:
        """Checks that the folder has today's format, so that this version may write to it beside a server.

        Raises:
            UnknownFormat: a server of this version has not had it open yet.
        """
        if self.format != FORMAT:
            raise UnknownFormat(
                f"An older version of Vectorlog used {self.path} last. Start a server of this version on it, or use "
                f"the older version."
            )

    def raise_format(self) -> None:
        """Records that the folder has today's format from now on, before something is stored that an older version
        would not find. The caller holds the folder's lock.

        The file stays the same one, because a copy of the folder is recognised by its inode, and a digit is written
        wholly or not at all.
        """
        if self.format != FORMAT:
            log.warning("older versions of Vectorlog can no longer use %s: it gets format %s", self.path, FORMAT)
            with self.marker.open("r+b", buffering=0) as file:
                file.write(_marker(FORMAT))
                os.fsync(file.fileno())

    def close_to_others(self) -> None:
        """Takes the rights of other users away from the folder and from what Vectorlog keeps in it, and logs that."""
        own = [path for pattern in _OWN for path in self.path.glob(pattern)]
        changed = close_to_others([self.path.resolve()], inside=False) + close_to_others(own)
        if changed:
            log.warning("other users could read %s files and folders in %s; now they cannot", changed, self.path)

    def lock(self) -> IO[str]:
        """Locks the folder for this process, until the returned file is closed or the process ends.

        Raises:
            FolderInUse: another process has locked it.
        """
        return self._lock(
            "lock",
            "is in use by the Vectorlog server with process id {}. Stop it first, or give another folder with --data.",
        )

    def lock_rebuild(self) -> IO[str]:
        """Locks the folder for a rebuild, until the returned file is closed. A server may hold the other lock.

        Raises:
            FolderInUse: another rebuild is under way.
        """
        return self._lock("rebuild.lock", "is being rebuilt by the process with id {}. Wait until it has ended.")

    def _lock(self, name: str, message: str) -> IO[str]:
        file = os.fdopen(os.open(self.path / name, os.O_RDWR | os.O_APPEND | os.O_CREAT, PRIVATE_FILE), "a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise FolderInUse(f"{self.path} {message.format(holder)}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file


def _marker(number: int) -> bytes:
    return json.dumps({"format": number}).encode() + b"\n"
