"""Decodes the bytes of files of text formats, tells when that was not sure, and makes documents of them."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.encoding.decoding import Decoded, decoded
from vectorlog.ingest.formats.embedded import LeftOut

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


def text_document(
    data: bytes, write: Callable[[DocumentBuilder, str, LeftOut], None], *, declares: bool = False
) -> Text:
    """Returns what `write` makes of a text, with warnings about its encoding and about the data that was left out.

    Args:
        data: the file's bytes.
        write: gets the document to write to, the decoded text, and where to count binary data that it leaves out.
        declares: as in `decode`.

    Raises:
        Unreadable: the bytes are not text.
    """
    found = decoded(data, declares=declares)
    document, left = DocumentBuilder(), LeftOut()
    tell(document, found)
    write(document, found.text, left)
    left.tell(document)
    return document.build()


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
    if found.other:
        places = "a place is" if found.places == 1 else f"{found.places:,} places are"
        document.warn(
            "encoding_guessed",
            f"The text is UTF-8, but {places} not, and read as {_name(found.other)}. If letters look wrong, save it as "
            f"UTF-8 and upload it again.",
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
