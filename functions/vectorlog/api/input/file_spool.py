"""Files of requests, which go to disk as they arrive, unless they are small, and are hashed on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

from vectorlog.api.input.form import Form, SpooledFile
from vectorlog.defaults import SMALL_FILE_BYTES

SPOOL_PREFIX = "upload-"
"""The prefix of spooled files' names. It identifies files that a crash left behind."""


class FileSpool:
    """A file that is being received and hashed.

    Args:
        name: the form's field.
        filename: as the client sent it; None if it sent none.
        content_type: as the client named it.
        folder: the existing folder for the file, if it is not small.
    """

    def __init__(self, name: str, filename: str | None, content_type: str, folder: Path) -> None:
        self.name = name
        self._filename = filename
        self._content_type = content_type
        self._hash = hashlib.sha256()
        self._size = 0
        self._folder = folder
        self._small = bytearray()
        self._path: Path | None = None
        self._file: IO[bytes] | None = None

    def add(self, data: memoryview) -> None:
        """Writes the next bytes.

        Raises:
            OSError: they could not be written.
        """
        if self._file is None and self._size + len(data) <= SMALL_FILE_BYTES:
            self._small += data
        else:
            self._open().write(data)
        self._hash.update(data)
        self._size += len(data)

    def close(self) -> SpooledFile:
        """Ends the file, which now belongs to the caller."""
        if self._file is not None:
            self._file.close()
        content = bytes(self._small) if self._path is None else self._path
        return SpooledFile(content, self._filename, self._content_type, self._size, self._hash.hexdigest())

    def discard(self) -> None:
        """Removes the file."""
        if self._file is not None and self._path is not None:
            with suppress(OSError):  # closing flushes the buffer, which fails if the disk is full
                self._file.close()
            self._path.unlink(missing_ok=True)

    def _open(self) -> IO[bytes]:
        """Returns the file on disk; the first time, it gets what was in memory until then."""
        if self._file is None:
            descriptor, path = tempfile.mkstemp(prefix=SPOOL_PREFIX, dir=self._folder)
            self._path = Path(path)
            self._file = os.fdopen(descriptor, "wb")
            self._file.write(self._small)
            self._small.clear()
        return self._file


class RawReader:
    """Reads a body that is a file, and makes a form with this one file of it. See `FormReader`."""

    def __init__(self, field: str, folder: Path) -> None:
        self._spool = FileSpool(field, None, "", folder)

    def feed(self, data: bytes) -> None:
        """Writes the next piece of the body.

        Raises:
            OSError: it could not be written.
        """
        self._spool.add(memoryview(data))

    def finish(self) -> Form:
        """Returns the form, whose file now belongs to the caller."""
        return Form({}, {self._spool.name: self._spool.close()})

    def discard(self) -> None:
        """Removes the file. It may be called at any time before `finish`."""
        self._spool.discard()
