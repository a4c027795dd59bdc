"""A file format: how it is recognised, and the function that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vectorlog.ingest.document import Text


@dataclass(frozen=True, slots=True)
class Format:
    """The files that one reader handles. A file is recognised by its content or, failing that, by its name.

    Attributes:
        label: completes "it could not be read as …".
        extensions: in lower case, with the dot. A file with one of them but with other content counts as damaged
            (`invalid_file`), not as a kind that cannot be read (`unsupported_file`).
        read: returns the text of a file. Raises `Unreadable` with a message for the user, or any other exception if the
            file is damaged. Imports its libraries when called.
        begins: whether a file that begins with these bytes (4 KB, or the whole file) has this format.
        office_folder: in an Office file (a zip container with content types), a folder that only this format has.
        ole_streams: in the root of an OLE container, names of streams or storages that only this format has.
        media_types: prefixes of the content of a zip container's `mimetype` part (OpenDocument, EPUB).
        by_name: whether this is a text format that only its extension distinguishes from plain text.
        keeps: what of a file becomes text, and leaves_out: what does not. Both are for docs/formats.md, which
            `python -m tools.format_pages --write` makes.
    """

    label: str
    extensions: tuple[str, ...]
    read: Callable[[Path], Text]
    begins: Callable[[bytes], bool] | None = None
    office_folder: str | None = None
    ole_streams: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    by_name: bool = False
    keeps: str = ""
    leaves_out: str = ""
