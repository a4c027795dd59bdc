"""The Content-Type that a download is served with."""

from __future__ import annotations

import codecs
import mimetypes
import re
from collections.abc import Callable

HEAD_BYTES = 4096
"""How many bytes at the start of a file decide whether it is text."""

_TEXT = frozenset({"plain", "csv", "html", "css", "javascript", "markdown", "xml", "x-python"})
_APPLICATION = frozenset(
    {
        "json", "x-ndjson", "jsonl", "xml", "javascript", "pdf", "msword", "rtf", "vnd.ms-excel", "vnd.ms-powerpoint",
        "vnd.openxmlformats-officedocument.wordprocessingml.document",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "vnd.openxmlformats-officedocument.presentationml.presentation",
    }
)  # fmt: skip
_IMAGE = frozenset({"png", "jpeg", "jpg", "gif", "webp", "tiff", "svg+xml"})
KNOWN = frozenset(
    f"{kind}/{each}"
    for kind, group in (("text", _TEXT), ("application", _APPLICATION), ("image", _IMAGE))
    for each in group
)
"""Types that MKA1's client accepts for a download (docs/contract.md, section 10.4)."""

_UNKNOWN = frozenset({"application/octet-stream", "binary/octet-stream"})
_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")


def served_as(declared: str, filename: str, read_head: Callable[[int], bytes]) -> str:
    """Returns the Content-Type of a download.

    It is the type that the uploader declared, or else the one that the file's extension suggests. Text of any other
    type is served as `text/plain`.

    Args:
        declared: the Content-Type of the file's part in the form.
        filename: its extension is used.
        read_head: reads up to a number of bytes from the start of the file; called only if they matter.
    """
    guessed = mimetypes.guess_type(filename)[0] or ""
    candidates = (declared.partition(";")[0].strip().lower(), guessed)
    named = next((each for each in candidates if _TYPE.fullmatch(each) and each not in _UNKNOWN), "")
    if named in KNOWN and not named.startswith("text/"):
        return named
    text = _is_utf8_text(read_head(HEAD_BYTES))
    if named in KNOWN:
        return f"{named}; charset=utf-8" if text else named
    if text:
        return "text/plain; charset=utf-8"
    return "text/plain" if named.startswith("text/") else named or "application/octet-stream"


def _is_utf8_text(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD_BYTES)
    except UnicodeDecodeError:
        return False
    return b"\0" not in head
