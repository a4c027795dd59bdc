"""Binary data that is written as letters inside a text (base64, hexadecimal, `data:` addresses): it is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vectorlog.ingest.builder import DocumentBuilder

FEWEST = 256
"""Characters from which a run of letters and digits without a space may be data: a signature or a hash is shorter."""
LEFT_OUT = "[data left out]"
"""What stands in the place of data."""

_SAMPLE = 1024
_LINE_WIDTH = 48
"""The shortest lines that base64 is wrapped to; usual are 64 and 76 characters."""
_HEX = re.compile(r"(?=[0-9]*+[a-fA-F])[0-9a-fA-F]++\Z")
_FEWEST_DIGITS = 12
"""How many different digits a sample of hexadecimal data has at least. A gene has four letters."""
_ADDRESS = re.compile(
    r"data:(?:[\w.+-]{1,80}/[\w.+-]{1,80})?(?:;[\w.+-]{1,40}=[\w.+-]{1,80}){0,4}(;base64)?,", re.ASCII
)
_ADDRESS_END = re.compile(r"[\s\"'<>)\\]")
_SIGN = "[A-Za-z0-9+/_-]"
_BREAK = r"[ \t]*+\r?\n[ \t]*+"
_RUN = re.compile(
    rf"(?<!{_SIGN}){_SIGN}{{{_LINE_WIDTH},}}+(?>(?:{_BREAK}{_SIGN}{{{_LINE_WIDTH},}}+)*)"
    rf"(?:{_BREAK}{_SIGN}++(?==|\s*+(?:[<\"']|\Z)))?={{0,2}}"
)
"""Base64, of one line or of several that are as long as it wraps them, but for the last."""
_FEWEST_KINDS = 24
"""How many different characters a sample of base64 has at least. A sequence of proteins has 20, in capitals."""


@dataclass(slots=True)
class LeftOut:
    """Counts what was left out of a text: how many values, of how many characters."""

    count: int = 0
    characters: int = 0

    def add(self, characters: int) -> str:
        """Counts a value, and returns what is written in its place."""
        self.count += 1
        self.characters += characters
        return LEFT_OUT

    def tell(self, document: DocumentBuilder, where: str = "") -> None:
        """Warns of what was left out, if anything was."""
        if self.count:
            values, are = ("A value of", "is") if self.count == 1 else (f"{self.count} values of", "are")
            message = f"{values} binary data ({self.characters:,} characters) in the text {are} left out."
            document.warn("left_out", message, where)


def is_data(value: str) -> bool:
    """Whether a whole value is binary data: a `data:` address, or at least `FEWEST` characters of base64 or hex."""
    if value.startswith("data:"):
        return len(value) >= FEWEST and _ADDRESS.match(value) is not None
    if len(value) < FEWEST:
        return False
    run = _RUN.match(value)
    return run is not None and run.end() >= len(value.rstrip()) and (_is_mixed(value) or _is_hex(value))


def without_addresses(text: str, left: LeftOut) -> str:
    """Replaces `data:` addresses in a text, such as the images of a page or of Markdown."""
    if "data:" not in text:
        return text
    parts: list[str] = []
    done = 0
    for match in _ADDRESS.finditer(text):
        if match.start() < done:
            continue
        end = _ADDRESS_END.search(text, match.end())
        stop = end.start() if end else len(text)
        if stop - match.start() >= FEWEST:
            parts += (text[done : match.start()], left.add(stop - match.start()))
            done = stop
    return "".join((*parts, text[done:]))


def without_data(text: str, left: LeftOut) -> str:
    """Replaces `data:` addresses and long runs of base64 or hexadecimal digits, also over several lines (XML)."""

    def replaced(match: re.Match[str]) -> str:
        return left.add(len(match[0])) if is_data(match[0]) else match[0]

    return _RUN.sub(replaced, without_addresses(text, left))


def _is_hex(value: str) -> bool:
    return _HEX.match(value) is not None and len(set(value[:_SAMPLE].lower())) >= _FEWEST_DIGITS


def _is_mixed(value: str) -> bool:
    """Whether the beginning of a value has small letters, capitals and digits as base64 has them."""
    sample = set(value[:_SAMPLE])
    small, capital, digit = (any(map(kind, sample)) for kind in (str.islower, str.isupper, str.isdigit))
    return small and capital and digit and len(sample) >= _FEWEST_KINDS
