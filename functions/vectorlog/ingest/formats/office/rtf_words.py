"""The controls of RTF (version 1.9.1) by what a reader does with them."""

from __future__ import annotations

import re

TOKEN = re.compile(
    rb"\\(?:(?P<word>[A-Za-z]{1,32})(?P<number>-?[0-9]{1,10})?[ ]?|'(?P<hex>[0-9A-Fa-f]{2})|(?P<sign>[^A-Za-z']|'))"
    rb"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+",
    re.DOTALL,
)
SIGNS = {
    "tab": "\t",
    "line": "\n",
    "emdash": "—",
    "endash": "–",
    "bullet": "•",
    "lquote": "‘",
    "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "qmspace": "\u2005",
    "zwj": "\u200d",
    "zwnj": "\u200c",
    "nestrow": "\n",
    "nestcell": "; ",
    "lbr": "\n",
    "softline": "\n",
    "column": "\n",
}
BREAKS = frozenset(("par", "sect", "page"))
SYMBOLS = {b"~": "\u00a0", b"_": "-", b"\\": "\\", b"{": "{", b"}": "}", b"-": ""}
"""An optional hyphen shows nothing inside a line."""
SKIPPED = frozenset(
    (
        *("colortbl", "filetbl", "revtbl", "listtable", "pict", "nonshppict", "xe", "tc", "tcn", "rxe", "ftnsep"),
        *("ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "sp", "shprslt", "objdata", "nonesttables", "pntxta"),
        *("pntxtb", "datafield", "formfield", "template", "fldtype", "private", "pgptbl", "objclass", "objname"),
        *("author", "operator", "manager", "company", "category", "keywords", "comment", "doccomm", "subject"),
        *(
            "hlinkbase",
            "creatim",
            "revtim",
            "printim",
            "buptim",
            "atndate",
            "atnref",
            "atnid",
            "atnparent",
            "atrfstart",
        ),
        *("atrfend", "bkmkstart", "bkmkend", "panose", "falt", "fontemb", "shpgrp_", "picprop", "blipuid", "xmlnstbl"),
    )
)
"""Destinations that hold nothing that a reader sees."""
KNOWN = frozenset(("fldinst", "shpinst", "shptxt", "annotation", "atnauthor", "footnote", "shpgrp", "do", "ud", "pn"))
"""Destinations that are read although `\\*` says that they may be left out."""
FLOWS = frozenset(
    (
        *("footnote", "annotation", "shptxt", "dptxbxtext"),
        *("header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf"),
    )
)
"""Destinations with paragraphs of their own."""
CHARSETS = {
    0: "cp1252",
    77: "mac-roman",
    128: "cp932",
    129: "cp949",
    130: "johab",
    134: "gb18030",
    136: "cp950",
    161: "cp1253",
    162: "cp1254",
    163: "cp1258",
    177: "cp1255",
    178: "cp1256",
    186: "cp1257",
    204: "cp1251",
    222: "cp874",
    238: "cp1250",
    254: "cp437",
    255: "cp850",
}
"""Encodings by a font's `\\fcharset`."""
SETS = {"ansi": "cp1252", "mac": "mac-roman", "pc": "cp437", "pca": "cp850"}
LINK = re.compile(r'\s*HYPERLINK\s+(?!\\l)(?:"(?P<quoted>[^"]{1,4000})"|(?P<bare>[^\s"\\]{1,4000}))')
