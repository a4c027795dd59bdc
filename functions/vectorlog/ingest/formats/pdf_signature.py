"""Recognises a PDF by its first bytes, also behind what a server or a mail program wrote before it."""

from __future__ import annotations

import re

_WITHIN = 1024
"""Readers of PDF look for its signature in so many bytes."""
_AT_LINE = re.compile(rb"(?:\A|[\r\n])[ \t\0\xef\xbb\xbf]*%PDF-[0-9]")
_SIGNATURE = b"%PDF-"
_OBJECT = re.compile(rb"[\r\n]\d{1,10} \d{1,5} obj\b")


def begins(head: bytes) -> bool:
    """Whether a PDF begins in the first kilobyte: at the start of a line, behind a MacBinary header, or anywhere if its
    objects follow. A PDF that an archive stores begins elsewhere.
    """
    begin = head[:_WITHIN]
    if _AT_LINE.search(begin) is not None or (head[:1] == b"\0" and _SIGNATURE in begin):
        return True
    at = begin.find(_SIGNATURE)
    return at > 0 and b"\0" not in head[:at] and not head.startswith(b"PK") and _OBJECT.search(head, at) is not None
