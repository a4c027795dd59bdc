"""The size of a JSON text, which is checked before anything works on it.

Without these limits a body of a few MB makes millions of objects, and one error for each of them.
"""

from __future__ import annotations

import re

from vectorlog.api.input import refusals

MAX_MEMBERS = 100_000
"""Keys of objects and items of arrays, all levels together. A batch of 2,000 files that uses every field has 48,001."""
MAX_DEPTH = 64
"""Levels of objects and arrays. Filters of 16 levels, the deepest that is accepted, take 34."""

_TOKEN = re.compile(rb'"[^"]*+"?|[,\[\]{}]')
_COMMA, _QUOTE = b',"'
_OPENING, _CLOSING = b"[{", b"]}"


def check(text: bytes) -> None:
    """Checks the number of members of a JSON text, and its depth. The text need not be valid.

    Raises:
        Invalid: it has more members or levels than is allowed.
    """
    openings = text.count(b"[") + text.count(b"{")
    if openings <= MAX_DEPTH and openings + text.count(b",") <= MAX_MEMBERS:
        return  # even if none of them is inside a string
    members = strings = depth = 0
    # Without escapes, every quote begins or ends a string.
    for token in _TOKEN.finditer(text.replace(b"\\\\", b"").replace(b'\\"', b"")):
        sign = token[0][0]
        if sign == _QUOTE:
            strings += 1
        elif sign in _CLOSING:
            depth -= 1
        else:  # a container has one member more than commas
            members += 1
            depth += sign in _OPENING
        if depth > MAX_DEPTH:
            raise refusals.unreadable(f"it is nested too deeply. At most {MAX_DEPTH} levels are allowed.")
        if members > MAX_MEMBERS or strings > 2 * MAX_MEMBERS:
            raise refusals.unreadable(f"it has too many values. At most {MAX_MEMBERS:,} keys and items are allowed.")
