"""A form that was received, and how the local front hands it to the routes: as JSON, its files being on disk
already.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

FORM_TYPE = "application/vnd.vectorlog.form+json"
"""The content type of a packed form. It names paths on this machine, so the front refuses it from clients."""


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A file part on disk. Whoever keeps it moves it away from `path`; it is not synced yet.

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

    def discard(self) -> None:
        """Removes the files that nobody kept."""
        for file in self.files.values():
            file.path.unlink(missing_ok=True)


def pack(form: Form) -> bytes:
    """The form as JSON."""
    return _adapter().dump_json(form)


def unpack(body: str | bytes) -> Form:
    """The form that `pack` was given."""
    return _adapter().validate_json(body)


@cache
def _adapter() -> TypeAdapter[Form]:
    return TypeAdapter(Form)
