"""Encodings that a file or a mail names itself, and what these names mean."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping

from vectorlog.ingest.encoding import euc_tw

_META = re.compile(rb"""<meta\b[^>]{0,400}?\bcharset\s*=\s*["']?\s*([\w.:()-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""<\?xml\b[^>]{0,200}?\bencoding\s*=\s*["']\s*([\w.:()-]{2,40})""", re.IGNORECASE)
_WIDE_XML = re.compile(rb"\0?<\0\?\0x\0m\0l")
_COOKIE = re.compile(
    rb"^[ \t\f]*(?:#|//|/\*|--|;|%|\.\.|<!--|\"|')[^\r\n]{0,80}?\b(?:coding|fileencoding|fenc|charset|encoding)[:=]"
    rb"[ \t]*([-\w.]{2,40})",
    re.IGNORECASE,
)
_CSS = re.compile(rb'@charset "([-\w.]{2,40})";')
_NOTES = (
    re.compile(rb"^[ \t]*%[ \t]*!TEX[ \t]+encoding[ \t]*=[ \t]*([-\w.]{2,40})", re.IGNORECASE | re.MULTILINE),
    re.compile(rb"^[^%\r\n]{0,80}\\usepackage[ \t]*\[([-\w.]{2,40})\][ \t]*\{inputenc\}", re.MULTILINE),
    re.compile(rb'^"Content-Type:[ \t]*text/plain;[ \t]*charset=([-\w.]{2,40})', re.IGNORECASE | re.MULTILINE),
)
_LONGEST_NOTE = 200
_NOTED = {
    "latin-1-windows": "cp1252",
    "latin": "iso-8859-1",
    "ansinew": "cp1252",
    "applemac": "mac-roman",
    "isolatin": "iso-8859-1",
    "macosroman": "mac-roman",
    "utf8x": "utf-8",
}
"""Names of LaTeX and of editors."""
_SEARCHED = 4096

_LABELS: Mapping[str, str] = {
    "unicode": "utf-16",
    "csunicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "ks_c_5601-1987": "euc_kr",
    "ks_c_5601-1989": "euc_kr",
    "windows-949": "cp949",
    "x-windows-949": "cp949",
    "ms949": "cp949",
    "x-gbk": "gbk",
    "windows-936": "gbk",
    "gb_2312-80": "gb2312",
    "gb_2312": "gb2312",
    "csgb2312": "gb2312",
    "x-x-big5": "big5",
    "cn-big5": "big5",
    "x-sjis": "shift_jis",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "dos-874": "cp874",
    "windows-874": "cp874",
    "iso-8859-11": "cp874",
    "iso8859-11": "cp874",
    "hz-gb-2312": "hz",
    **{f"x-cp{page}": f"cp{page}" for page in range(1250, 1259)},
}
"""Labels of WHATWG's Encoding Standard, and of mail programs, that Python has no codec for."""

_WIDER: Mapping[str, tuple[str, ...]] = {
    "ascii": ("cp1252",),
    "iso8859-1": ("cp1252",),
    "iso8859-9": ("cp1254",),
    "iso8859-8": ("cp1255",),
    "tis-620": ("cp874",),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "big5": ("cp950", "big5hkscs"),
    "cp950": ("big5hkscs",),
    "euc_kr": ("cp949",),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "cp932": ("shift_jis_2004",),
    "euc_jp": ("euc_jis_2004",),
    "iso2022_jp": ("iso2022_jp_ext", "iso2022_jp_2", "iso2022_jp_2004"),
}
"""What a label often means instead, because a program of the same country writes more than it says."""

_UNICODE = frozenset({"utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-7"})
_KNOWN = (
    _UNICODE
    | _WIDER.keys()
    | {other for others in _WIDER.values() for other in others}
    | {f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 10, 13, 14, 15, 16)}
    | {f"cp{page}" for page in (*range(1250, 1259), 437, 720, 737, 775, 850, 852, 855, 857, 858, *range(860, 867), 869)}
    | {"cp874", "cp1125", "cp949", "johab", "hz", "iso2022_kr", "koi8-r", "koi8-u", "koi8-t", "kz1048", "ptcp154"}
    | {euc_tw.NAME}
    | {f"mac-{script}" for script in ("roman", "cyrillic", "greek", "turkish", "latin2", "iceland")}
)
"""Codecs that a file may name. Python has others that are no encodings of text (punycode, unicode_escape)."""


def label_in(data: bytes) -> str | None:
    """Returns the encoding that an HTML or XML file names in its first 4 KB."""
    head = data[:_SEARCHED]
    found = _XML.search(head) or _META.search(head)
    return found[1].decode("ascii") if found else None


def note_in(data: bytes) -> str | None:
    """Returns the encoding that a text names in a note to programs: in one of its first two lines for Python, Ruby and
    editors (PEP 263), in its first for CSS, for LaTeX before its first heading, in the header of a gettext catalogue.
    """
    lines = data[:_SEARCHED].splitlines()[:2]
    found = next((match for line in lines if (match := _COOKIE.search(line[:_LONGEST_NOTE]))), None)
    found = (
        found or _CSS.match(data) or next((match for each in _NOTES if (match := each.search(data[:_SEARCHED]))), None)
    )
    if found is None:
        return None
    name = found[1].decode("ascii").lower()
    name = name.removesuffix("-unix").removesuffix("-dos").removesuffix("-mac")  # ends of lines, in Emacs
    return _NOTED.get(name, name)


def codecs_of(label: str) -> tuple[str, ...]:
    """Returns the codecs that a label may mean, the literal one first; none if it is not known."""
    name = label.strip().strip("\"'").lower()
    try:
        codec = codecs.lookup(_LABELS.get(name, name)).name.replace("_", "-")
    except (LookupError, ValueError):  # a name with a NUL is a ValueError
        return ()
    codec = next((known for known in _KNOWN if known.replace("_", "-") == codec), "")
    return (codec, *_WIDER.get(codec, ())) if codec else ()


def is_wide(codec: str) -> bool:
    """Whether a codec takes two or four bytes for an ASCII character."""
    return codec.startswith(("utf-16", "utf-32"))
