"""Decodes the bytes of files of text formats, and tells when that was not sure."""

from __future__ import annotations

import codecs

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.encoding.decoding import Decoded, decoded

_NAMES = {
    "big5hkscs": "Big5",
    "gb18030": "GB18030",
    "cp932": "Shift_JIS",
    "cp949": "EUC-KR",
    "euc_jp": "EUC-JP",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "mac-roman": "Mac Roman",
    **{f"cp{page}": f"Windows-{page}" for page in range(1250, 1259)},
}


def decode(data: bytes, *, declares: bool = False) -> str:
    """Decodes `data`; with `declares`, an encoding that is named in its first 4 KB (HTML, XML) is tried first.

    Raises:
        Unreadable: the bytes are not text.
    """
    return decoded(data, declares=declares).text


def tell(document: DocumentBuilder, found: Decoded, where: str = "") -> None:
    """Adds warnings to a document: that the encoding of a text in it was guessed, or that bytes of it were not valid.

    Args:
        document: the document that has the text.
        found: the decoded text.
        where: the place of the text in the document, if it is only a part.
    """
    if not found.sure:
        others = " or ".join(map(_name, found.alternatives))
        document.warn(
            "encoding_guessed",
            f"The text does not say its encoding. It was read as {_name(found.encoding)}, but may be {others}. If "
            f"letters look wrong, save it as UTF-8 and upload it again.",
            where,
        )
    if found.lost:
        document.warn(
            "damaged",
            f"{found.lost} {'place is' if found.lost == 1 else 'places are'} not valid in {_name(found.encoding)}, and "
            f"shown as \ufffd.",
            where,
        )


def _name(codec: str) -> str:
    """Returns the usual name of an encoding."""
    name = codecs.lookup(codec).name
    return _NAMES.get(name) or name.upper().replace("ISO8859", "ISO-8859")
