"""EUC-TW, the encoding of Taiwan's Unix systems, as a codec of Python's, which has none for it. It can only decode.

Its characters are those of CNS 11643, of which planes 1 and 2 are Big5's two levels in Big5's order, with a few
characters elsewhere. So the tables say where the order is another, and Big5's codec does the rest.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

NAME = "euc-tw"

_PLANE_1 = (
    *((0, 0, 21), (21, 23, 2), (24, 22, 1), (29, 29, 44), (73, 74, 1), (74, 73, 1), (75, 75, 52), (127, 128, 1)),
    *((128, 127, 1), (129, 129, 19), (148, 149, 1), (149, 148, 1), (150, 150, 4), (155, 21, 1), (156, 158, 2)),
    *((160, 160, 74), (282, 234, 174), (470, 6101, 20), (3290, 471, 1412), (4702, 1884, 424), (5126, 1883, 1)),
    *((5127, 2308, 1876), (7003, 4571, 1), (7004, 4184, 387), (7391, 4572, 525), (7916, 5286, 1), (7917, 5097, 189)),
    *((8106, 5287, 84), (8190, 5517, 1), (8191, 5371, 54), (8245, 5426, 1), (8246, 5425, 1), (8247, 5427, 90)),
    (8337, 5518, 354),
)
_PLANE_2 = (
    *((0, 6280, 10), (10, 6291, 33), (43, 6372, 1), (44, 6324, 48), (92, 6373, 46), (138, 6586, 1), (139, 6419, 167)),
    *((306, 6587, 1840), (2146, 9074, 1), (2147, 8428, 108), (2255, 8537, 537), (2792, 8427, 1), (2793, 9075, 100)),
    *((2893, 8536, 1), (2894, 9175, 399), (3293, 9575, 1637), (4930, 11761, 1), (4931, 11212, 146), (5077, 11899, 1)),
    *((5078, 11358, 287), (5365, 12508, 1), (5366, 11645, 116), (5482, 11762, 137), (5619, 11900, 104)),
    *((5723, 12425, 1), (5724, 12004, 222), (5946, 12227, 198), (6144, 12426, 82), (6226, 12509, 86), (6312, 12226, 1)),
    *((6313, 12595, 8), (6321, 12604, 153), (6474, 12758, 56), (6530, 13114, 1), (6531, 12814, 113), (6644, 12603, 1)),
    *((6645, 12927, 142), (6787, 12757, 1), (6788, 13069, 45), (6833, 13115, 71), (6904, 13380, 1), (6905, 13186, 194)),
    *((7099, 13381, 490), (7589, 13914, 1), (7590, 13871, 43), (7633, 13915, 1), (7634, 13917, 11), (7645, 13916, 1)),
    (7646, 13928, 4),
)
"""Runs of a plane that are runs of Big5: the first place in the plane, the first in Big5, and how many.

Places count the 94 × 94 codes of a plane, and the 89 × 157 codes of Big5. Computed from glibc's charmap of EUC-TW.
"""

_RUNS = re.compile(rb"[\x00-\x7f]+|\x8e[\xa1-\xb0][\xa1-\xfe]{2}|[\xa1-\xfe]{2}|.", re.DOTALL)
_ROW, _BIG5_ROW = 94, 157


def decode(data: Buffer, errors: str = "strict", /) -> tuple[str, int]:
    """Decodes EUC-TW, as the function of a codec does.

    Args:
        data: bytes.
        errors: "strict", or "replace" for a U+FFFD in place of each character that is invalid or of a rare plane.

    Raises:
        UnicodeDecodeError: with "strict", if a character cannot be decoded.
    """
    raw, table = bytes(data), _table()
    parts: list[str] = []
    for match in _RUNS.finditer(raw):
        found = match[0]
        part = table.get(found) or (found.decode("ascii") if found.isascii() else None)
        if part is None:
            if errors == "strict":
                raise UnicodeDecodeError(NAME, raw, match.start(), match.end(), "no character of planes 1 and 2")
            part = "\ufffd"
        parts.append(part)
    return "".join(parts), len(raw)


@cache
def _table() -> dict[bytes, str]:
    """Makes the table of characters: those of plane 1 by two bytes and by four, those of plane 2 by four."""
    table: dict[bytes, str] = {}
    for plane, runs in ((b"\x8e\xa1", _PLANE_1), (b"\x8e\xa2", _PLANE_2)):
        for first, big5, length in runs:
            for place in range(length):
                row, column = divmod(first + place, _ROW)
                code = bytes((0xA1 + row, 0xA1 + column))
                table[plane + code] = _of_big5(big5 + place)
    table |= {code[2:]: sign for code, sign in table.items() if code.startswith(b"\x8e\xa1")}
    return table


def _of_big5(place: int) -> str:
    row, column = divmod(place, _BIG5_ROW)
    return bytes((0xA1 + row, column + (0x40 if column < 63 else 0x62))).decode("big5", "replace")


def _encode(text: str, _errors: str = "strict", /) -> tuple[bytes, int]:
    raise UnicodeEncodeError(NAME, text, 0, len(text), "this codec only decodes")


def _search(name: str) -> codecs.CodecInfo | None:
    return codecs.CodecInfo(_encode, decode, name=NAME) if name in ("euc_tw", "euctw", "x_euc_tw") else None


codecs.register(_search)
