"""A form that was received."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A file part on disk, not synced yet. To keep it, move it away from `path`.

    Attributes:
        filename: as the client wrote it, so it may hold slashes.
        size: in bytes.
        sha256: of the bytes, in hex.
    """

    path: Path
    filename: str
    content_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Form:
    """A whole form: the values of each text field in order, and the file of each file field."""

    fields: dict[str, list[str]]
    files: dict[str, SpooledFile]

    def digest(self) -> bytes:
        """Equal for two forms with the same fields and with files of the same names and bytes."""
        files = {name: (file.filename, file.sha256) for name, file in self.files.items()}
        return hashlib.sha256(json.dumps([self.fields, files], sort_keys=True).encode()).digest()

    def discard(self) -> None:
        """Removes the files that were not kept."""
        for file in self.files.values():
            file.path.unlink(missing_ok=True)
