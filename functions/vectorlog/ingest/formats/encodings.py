"""Decodes the bytes of files of text formats."""

from __future__ import annotations

from vectorlog.ingest.encoding.decoding import decoded


def decode(data: bytes, *, declares: bool = False) -> str:
    """Decodes `data`; with `declares`, an encoding that is named in its first 4 KB (HTML, XML) is tried first.

    Raises:
        Unreadable: the bytes are not text.
    """
    return decoded(data, declares=declares).text
