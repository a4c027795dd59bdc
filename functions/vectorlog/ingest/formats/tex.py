"""LaTeX: headings, paragraphs, items and code. Formulas stay as they are written, marks of layout are left out."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.tex_formulas import OPENING, VERBATIM, Formulas, as_written

_TOKEN = re.compile(
    rf"(?P<verbatim>{VERBATIM})|(?P<formula>{OPENING})"
    r"|(?P<unread>\\begin\{comment\})|(?P<code>\\begin\{(?P<kind>verbatim|lstlisting|minted|[BL]?Verbatim|alltt)\*?\})"
    r"|(?P<command>\\[a-zA-Z]++\*?)"
    r"|(?P<accent>\\[\"'`^~=.]\s?\{?(?:\\[ij](?![a-zA-Z])|[a-zA-Z])\}?)"
    r"|(?P<break>\\\\\*?(?:[ \t]?\[[^\[\]\n]{0,20}\])?)|(?P<sign>\\.)|(?P<comment>%[^\n]*\n?[ \t]*)"
    r"|(?P<blank>\n[ \t]*\n[ \t\n]*+)|(?P<brace>[{}])|(?P<text>[^\\{}$%\n]++|\n)|(?P<last>\\)",
    re.DOTALL,
)
_HEADINGS = {"part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4, "paragraph": 5}
_DROPPED = {
    "label", "vspace", "hspace", "bibliographystyle", "pagestyle", "thispagestyle", "usepackage",
    "documentclass", "includegraphics", "cite", "citep", "citet", "nocite", "hfill", "setlength",
    "setcounter", "newcommand", "renewcommand", "bibliography", "input", "include", "index", "date",
    "addcontentsline", "geometry", "definecolor", "color", "selectlanguage", "hypersetup",
}  # fmt: skip
"""Commands whose arguments are no text of the document."""
_SIGNS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "aa": "å", "AA": "Å", "l": "ł", "L": "Ł",
    "i": "i", "ldots": "…", "dots": "…", "textendash": "–", "textemdash": "—", "textbackslash": "\\", "LaTeX": "LaTeX",
    "TeX": "TeX", "euro": "€", "pounds": "£", "S": "§", "copyright": "©", "textasciitilde": "~", "quad": " ",
    "newline": "\n", "par": "\n\n",
}  # fmt: skip
_MARKS = {'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307"}
_ARGUMENT = re.compile(r"\s?\[[^\[\]\n]{0,300}\]|\s?\{[^{}\n]{0,300}\}")
_COLOR = re.compile(r"(?:\[\w{1,20}\])?\{[^{}\n]{0,60}\}")
_LINK = re.compile(r"\s?\{(?P<address>[^{}\s]{1,2000})\}\s?(?:\{(?P<text>[^{}\\$%\n]{1,300})\})?")
_TITLE = re.compile(r"\\title\s{0,9}\{([^{}]{0,300})\}")
_MOST_ARGUMENTS = 4
_BEGIN = "\\begin{document}"


def read(path: Path) -> Text:
    """Reads the document's body. Files that it includes and its bibliography are not part of it."""
    return text_document(path.read_bytes(), _write)


def _write(document: DocumentBuilder, text: str, _: LeftOut) -> None:
    _Body(document).read(text)


class _Body:
    """Writes what the tokens of a text say into a document."""

    def __init__(self, document: DocumentBuilder) -> None:
        self._document = document
        self._parts: list[str] = []
        self._heading = 0
        self._depth = self._closes_at = 0
        self._item = False
        self._lists = 0
        self._unended: set[str] = set()
        self._formulas = Formulas()

    def read(self, text: str) -> None:
        """Reads a text up to the end of its document; from the title in its preamble on, if it has one."""
        begin = text.find(_BEGIN)
        if begin >= 0 and (title := _TITLE.search(text, 0, begin)):
            self._document.title = " ".join(title[1].replace("\\\\", " ").split())
            self._document.heading(1, self._document.title)
        at = begin + len(_BEGIN) if begin >= 0 else 0
        stop = text.find("\\end{document}", at)
        stop = len(text) if stop < 0 else stop
        while at < stop and (token := _TOKEN.match(text, at, stop)):
            at = self._token(token, text)
        self._end()

    def _token(self, token: re.Match[str], text: str) -> int:
        """Writes a token, and returns where the next one begins."""
        match token.lastgroup:
            case "kind" | "code":
                return self._code(token, text)
            case "command":
                return self._command(token[0][1:].rstrip("*"), text, token.end())
            case "accent":
                letter = next(each for each in reversed(token[0]) if each.isalpha())
                self._parts.append(unicodedata.normalize("NFC", letter + _MARKS[token[0][1]]))
            case "sign":
                self._parts.append({",": " ", ";": " ", "-": "", "/": ""}.get(token[0][1], token[0][1]))
            case "formula" | "environment":
                return self._formula(token, text)
            case "verbatim" | "raw" | "delimiter" | "braced" | "address":
                self._parts.append(token["raw"] or token["braced"] or token["address"] or "")
            case "unread":
                return self._unread(token, text)
            case "break":
                self._parts.append("\n")
            case "blank":
                self._end()
            case "brace":
                self._brace(token[0])
            case "text":
                self._parts.append(token[0].replace("~", "\u00a0").replace("---", "—").replace("``", "“"))
            case _:
                pass
        return token.end()

    def _formula(self, token: re.Match[str], text: str) -> int:
        end = self._formulas.end(token["formula"], token["environment"], text, token.end())
        if end < 0:
            self._parts.append(token["formula"] if token["formula"].startswith("$") else "")
            return token.end()
        self._parts.append(as_written(text[token.start() : end]))
        return end

    def _unread(self, token: re.Match[str], text: str) -> int:
        """Returns where a comment ends."""
        ending = "\\end{comment}"
        stop = -1 if ending in self._unended else text.find(ending, token.end())
        if stop < 0:
            self._unended.add(ending)
            return token.end()
        return stop + len(ending)

    def _brace(self, brace: str) -> None:
        if brace == "{":
            self._depth += 1
            return
        self._depth = max(0, self._depth - 1)
        if self._heading and self._depth == self._closes_at:
            self._end()

    def _command(self, name: str, text: str, at: int) -> int:
        if name in ("begin", "end"):
            argument = _ARGUMENT.match(text, at)
            kind = argument[0].strip(" {}*[]") if argument else ""
            self._end()
            if kind in ("itemize", "enumerate", "description"):
                self._lists = max(0, self._lists + (1 if name == "begin" else -1))
            return self._after(text, argument.end() if argument else at)
        if name in _HEADINGS:
            self._end()
            self._heading, self._closes_at = _HEADINGS[name], self._depth
            optional = _ARGUMENT.match(text, at)
            return optional.end() if optional and optional[0].lstrip().startswith("[") else at
        if name == "item":
            self._end()
            self._item = True
        elif name in _DROPPED:
            return self._after(text, at)
        elif name in _SIGNS:
            self._parts.append(_SIGNS[name])
        elif name == "href":
            return self._link(text, at)
        elif name == "footnote":
            self._parts.append(" ")
        elif name in ("textcolor", "colorbox"):
            color = _COLOR.match(text, at)
            return color.end() if color else at
        elif name in ("ref", "eqref", "pageref", "autoref"):
            return self._after(text, at)
        return at + 1 if text[at : at + 1] == " " and name in _SIGNS else at

    def _link(self, text: str, at: int) -> int:
        link = _LINK.match(text, at)
        if link is None:
            self._parts.append(" ")
            return at
        if link["text"] is None:
            self._parts.append(f"{link['address']} ")
        else:
            self._parts.append(f"[{link['text']}]({link['address']})")
        return link.end()

    def _after(self, text: str, at: int) -> int:
        """Returns where the arguments at `at` end."""
        for _ in range(_MOST_ARGUMENTS):
            argument = _ARGUMENT.match(text, at)
            if argument is None:
                break
            at = argument.end()
        return at

    def _code(self, token: re.Match[str], text: str) -> int:
        self._end()
        ending = f"\\end{{{token['kind']}"
        stop = -1 if ending in self._unended else text.find(ending, token.end())
        if stop < 0:
            self._unended.add(ending)
            return token.end()
        begun = text.find("\n", token.end(), stop)
        self._document.code(text[begun + 1 if begun >= 0 else token.end() : stop])
        end = text.find("}", stop + len(ending) - 1)
        return end + 1 if end >= 0 else stop + len(ending)

    def _end(self) -> None:
        """Ends the open heading, item or paragraph."""
        text = "".join(self._parts).strip()
        self._parts = []
        if self._heading:
            self._document.heading(self._heading, text)
        elif self._item:
            self._document.item(" ".join(text.split()), max(0, self._lists - 1))
        else:
            self._document.paragraph(text)
        self._heading, self._item = 0, False


FORMAT = Format(
    "LaTeX",
    (".tex", ".latex", ".ltx"),
    read,
    by_name=True,
    keeps=(
        "Title, headings, paragraphs, items, code and addresses; formulas as they are written, but without comments "
        "and labels."
    ),
    leaves_out="Marks of layout, references, citations, comments, images, and files that it includes.",
)
