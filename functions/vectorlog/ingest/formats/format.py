"""A format of files: by what it is recognised, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vectorlog.ingest.document import Text


@dataclass(frozen=True, slots=True)
class Format:
    """Files that one reader reads. A file's content decides first; where no format knows it, its name does.

    Attributes:
        label: completes "it could not be read as …".
        extensions: lower case, with their dot. They promise a document: a file that is called so and holds something
            else is damaged, not of a kind that is not read.
        read: the text of a file; raises `Unreadable` with a sentence for the user, or anything else where the file is
            damaged. Its libraries are imported within.
        begins: whether a file that begins with these bytes (4 KB, or all of it) is one.
        office_folder: in an Office file (a zip container with content types), the folder that only this format has.
        macros: whether `read` takes Office files with macros, and templates.
        ole_streams: in an OLE container, names of streams that only this format has.
        media_types: beginnings of what the `mimetype` part of a zip container says (OpenDocument, EPUB).
        by_name: text that only its name tells from other text.
    """

    label: str
    extensions: tuple[str, ...]
    read: Callable[[Path], Text]
    begins: Callable[[bytes], bool] | None = None
    office_folder: str | None = None
    macros: bool = False
    ole_streams: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    by_name: bool = False
