"""A received form (`multipart/form-data`)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A form's file, not synced yet.

    Attributes:
        content: the bytes of a small file, or else the file on disk. To keep that, move it away.
        filename: as the client sent it, so it may contain slashes; None if it sent none.
        size: in bytes.
        sha256: of the file's bytes, in hex.
    """

    content: bytes | Path
    filename: str | None
    content_type: str
    size: int
    sha256: str

    def discard(self) -> None:
        """Removes the file, unless it was moved away."""
        if isinstance(self.content, Path):
            self.content.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class FormRule:
    """What a route takes as a form.

    Attributes:
        file_field: the field of its file, which is a file even without a filename: `openai-java` sends it so.
        limit: of the files' size in all, in bytes.
        too_large: the sentence for a larger form.
        raw: whether the body is the file itself, of exactly `limit` bytes, instead of a form.
    """

    file_field: str
    limit: int
    too_large: str
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A complete form: the values of each text field in order, and the file of each file field."""

    fields: dict[str, list[str]]
    files: dict[str, SpooledFile]

    def digest(self) -> bytes:
        """Returns a hash that is equal for forms with the same fields and with files of the same names and bytes."""
        files = {name: (file.filename, file.sha256) for name, file in self.files.items()}
        return hashlib.sha256(json.dumps([self.fields, files], sort_keys=True).encode()).digest()

    def discard(self) -> None:
        """Removes the files that were not kept."""
        for file in self.files.values():
            file.discard()
