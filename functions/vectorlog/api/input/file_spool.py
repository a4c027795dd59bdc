"""Files of requests, which go to disk as they arrive and are hashed on the way."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from vectorlog.api.input.form import Form, SpooledFile

SPOOL_PREFIX = "upload-"
"""The prefix of spooled files' names. It identifies files that a crash left behind."""


class FileSpool:
    """A file that is being written to disk and hashed.

    Args:
        name: the form's field.
        filename: as the client sent it; None if it sent none.
        content_type: as the client named it.
        folder: the existing folder of the file.
    """

    def __init__(self, name: str, filename: str | None, content_type: str, folder: Path) -> None:
        self.name = name
        self._filename = filename
        self._content_type = content_type
        self._hash = hashlib.sha256()
        self._size = 0
        descriptor, path = tempfile.mkstemp(prefix=SPOOL_PREFIX, dir=folder)
        self._path = Path(path)
        self._file = os.fdopen(descriptor, "wb")

    def add(self, data: memoryview) -> None:
        """Writes the next bytes.

        Raises:
            OSError: they could not be written.
        """
        self._file.write(data)
        self._hash.update(data)
        self._size += len(data)

    def close(self) -> SpooledFile:
        """Ends the file, which now belongs to the caller."""
        self._file.close()
        return SpooledFile(self._path, self._filename, self._content_type, self._size, self._hash.hexdigest())

    def discard(self) -> None:
        """Removes the file."""
        with suppress(OSError):  # closing flushes the buffer, which fails if the disk is full
            self._file.close()
        self._path.unlink(missing_ok=True)


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
