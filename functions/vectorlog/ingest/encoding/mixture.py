"""Decides whether bytes are UTF-8 with pieces of another encoding, and which one that is."""

from __future__ import annotations

from vectorlog.ingest.encoding import mixed
from vectorlog.ingest.encoding.guess import Guess, guess
from vectorlog.ingest.encoding.likelihood import ASCII, WRITINGS, likelihood
from vectorlog.ingest.encoding.signs import has_only_signs, has_signs_of_mac

_MIXED = 4.0
"""How much likelier a text must be, as a logarithm, if it is read as a mixture of UTF-8 and another encoding."""
_LEAST_MIXED = -5.0
"""The logarithm of the likelihood for each byte beyond ASCII below which no more than half UTF-8 is no text."""
_ASCII = bytes(range(0x80))
_DAMAGE = 20
"""How many whole characters beyond ASCII a UTF-8 text has for each byte that is none."""


def is_rather(parts: mixed.Valid, other: str, found: Guess) -> bool:
    """Whether a text is rather a mixture of UTF-8 and another encoding than what was guessed."""
    text = mixed.Mixed(other, parts.leads).decode(parts.sample)
    likely = _likelihood(text)
    if likely < _likelihood(parts.sample.decode(found.encoding, "replace")) + _MIXED:
        return False
    if found.is_text or mixed.is_mostly_valid(parts.sample):
        return True
    letters = likely - ASCII * len(text.encode("ascii", "ignore"))
    return letters > _LEAST_MIXED * len(parts.sample.translate(None, _ASCII))


def other_in(parts: mixed.Valid) -> str:
    """Returns the encoding of what is not UTF-8 in a text."""
    if has_signs_of_mac(parts.others):
        return "mac-roman"
    if has_only_signs(parts.others):
        return "cp1252"
    found = guess(parts.others, 0, parts.letters)
    if not found.is_text or _decoded(parts.others, "cp1252") == _decoded(parts.others, found.encoding):
        return "cp1252"
    return found.encoding


def is_mostly_utf8(data: bytes) -> bool:
    """Whether bytes are UTF-8 but for a few that are damaged, such as a log cut inside a character."""
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) - lost > _DAMAGE * lost


def _likelihood(text: str) -> float:
    """Returns how likely a text is whose lines may be in different languages."""
    return sum(max(likelihood(line, writing) for writing in WRITINGS) for line in text.split("\n"))


def _decoded(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "replace")
