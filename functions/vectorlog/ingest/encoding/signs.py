"""Finds texts that are ASCII but for signs such as °, © or ½, which are too few to compare encodings by them."""

from __future__ import annotations

import re
import string

_HIGH = re.compile(rb"[\x80-\xff]+")
_SIGNS = frozenset(
    b"\x80\x82\x84\x85\x86\x87\x89\x8b\x91\x92\x93\x94\x95\x96\x97\x99\x9b\xd7\xf7" + bytes(range(0xA0, 0xC0))
)
"""The bytes that stand for signs in Windows-1252, most of them also in the other code pages of Windows."""
_BETWEEN_LETTERS = frozenset(b"\x92\x96\x97\xa0\xad\xb4\xb7")
"""Those that may stand between letters: apostrophe, dashes, fixed space, soft hyphen, middle dot."""
_OPENING = frozenset(b"\x82\x84\x8b\x91\x93\xa1\xab\xbf")
_AFTER_SOMETHING = frozenset(b"\x99\xaa\xb2\xb3\xb9\xba")
"""Trade marks, exponents and ordinals, which follow a letter, a digit or a bracket."""
_BESIDE_ANOTHER = frozenset(b"\x85\x91\x92\x93\x94\x96\x97\x99\x9b\xa0\xab\xae\xb0\xbb")
"""Of two signs in a row, one is of these."""
_ASCII_AND_BOTH = bytes(range(0x80)) + b"\xa9\xb1\xb5\xa3"
_SPACE = frozenset(b" \t\r\n\f\v")
_MONEY_OR_LIST = 0xA5
_MAC = re.compile(
    rb"(?<=[a-z])\xd5(?=[a-z])|(?<=s)\xd5(?![a-zA-Z\x80-\xff])|(?<![a-zA-Z0-9\x80-\xff])[\xd2\xd4](?=[a-zA-Z0-9])"
    rb"|(?<=[a-z0-9.,!?])[\xd3\xd5](?![a-zA-Z0-9\x80-\xff])|(?<=[a-z])\xc9(?![a-zA-Z0-9\x80-\xff])|(?<=\s)[\xd0\xd1](?=\s)"
    rb"|(?<=[\r\n])\xa5(?=[ \t])|\A\xa5(?=[ \t])|(?<=[0-9 ])\xa1(?=[CF](?![a-zA-Z]))"
)
"""Quotes, dashes, ellipses, bullets and degrees of Mac Roman, where a letter of Windows-1252 would hardly stand."""
_FEW = 0.02
_PLAIN = 0.75
_WORDS = string.ascii_letters.encode() + string.digits.encode() + b" \t\r\n.,;:-"
_BEYOND_ASCII = bytes(range(0x80, 0x100))
_CONTROL_BYTES = bytes(set(range(0x20)) - set(b"\t\n\f\r\x1b")) + b"\x7f"
_MOST = 20_000
"""How many signs are looked at: many more than would all be signs by chance."""


def has_only_signs(data: bytes) -> bool:
    """Whether all bytes beyond ASCII are signs of Windows-1252, and stand where such signs stand."""
    seen = 0
    for match in _HIGH.finditer(data):
        run = match[0]
        if len(run) > 2 or not _SIGNS.issuperset(run):
            return False
        if len(run) == 2 and _BESIDE_ANOTHER.isdisjoint(run):
            return False
        before = data[match.start() - 1] if match.start() else 0x0A
        after = data[match.end()] if match.end() < len(data) else 0x20
        if not all(_fits(sign, before, after) for sign in run):
            return False
        seen += len(run)
        if seen > _MOST:
            break
    return 0 < seen <= len(data) - seen and any(_is_alphanumeric(each) for each in data)


def has_signs_of_mac(data: bytes) -> bool:
    """Whether all bytes beyond ASCII are signs of Mac Roman where Windows-1252 has letters that make no sense there, or
    signs that both have.
    """
    rest, found = _MAC.subn(b" ", data)
    return found > 0 and (_HIGH.search(rest) is None or not rest.translate(None, _ASCII_AND_BOTH))


def _fits(sign: int, before: int, after: int) -> bool:
    if _is_letter(before) and _is_letter(after) and sign not in _BETWEEN_LETTERS:
        return False
    if sign in _OPENING:
        return not _is_letter(before) and after not in _SPACE
    if sign in _AFTER_SOMETHING:
        return before not in _SPACE or sign == 0x99
    # In Mac Roman it is the bullet of a list.
    return sign != _MONEY_OR_LIST or after not in _SPACE or before not in b"\r\n"


def _is_letter(byte: int) -> bool:
    return 0x41 <= byte & ~0x20 <= 0x5A


def _is_alphanumeric(byte: int) -> bool:
    return _is_letter(byte) or 0x30 <= byte <= 0x39


def is_nearly_ascii(data: bytes) -> bool:
    """Whether bytes are a text in ASCII but for a few that may be anything."""
    ascii_bytes = data.translate(None, _BEYOND_ASCII)
    words = len(data) - len(data.translate(None, _WORDS))
    controls = len(data) - len(data.translate(None, _CONTROL_BYTES))
    return (
        len(data) - len(ascii_bytes) <= _FEW * len(data)
        and controls <= _FEW * _FEW * len(data)
        and words >= _PLAIN * len(data)
    )
