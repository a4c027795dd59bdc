"""The form that every text gets before it is kept: the one place where characters are changed or dropped."""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n?")
_DROPPED = re.compile("[\0\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Normalises line ends, drops NUL and byte order marks, and replaces lone surrogates, which UTF-8 cannot encode."""
    return _SURROGATE.sub("\ufffd", _DROPPED.sub("", _LINE_END.sub("\n", text)))
