"""Source code: classes, functions and the like are headings over their code. The text is kept unchanged."""

from __future__ import annotations

import re
from pathlib import Path

from vectorlog.ingest.blocks import Blocks, Kind, Table
from vectorlog.ingest.builder import DocumentBuilder
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.embedded import LeftOut, without_addresses
from vectorlog.ingest.formats.encodings import text_document
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.text_form import clean

_LINE = re.compile(r"^([ \t]*+)(\S[^\n]*)", re.MULTILINE)
_LONGEST = 300
"""Characters of a line that may begin a definition."""
_LONGEST_TITLE = 120
_BEFORE = (
    r"(?>(?:(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([a-z]+\))?|open|override"
    r"|virtual|inline|sealed|partial|data|case|unsafe|extern|declare)\s+)*)"
)
_NAMED = re.compile(
    rf"{_BEFORE}(?:"
    r"(?:def|function\*?|func|fn|fun|sub|procedure|macro)\s+(?:\([^()]{0,80}\)\s*)?[\w.$:?!~]+\s*(?:[(<\[{:=]|$)"
    r"|(?:class|interface|struct|enum|trait|record|protocol|object|module|namespace|union|extension|contract)"
    r"\s+[\w.$:]+\s*(?:[({<:;\[]|extends\b|implements\b|where\b|$)"
    r"|impl(?:<[^<>]{0,80}>)?\s+[\w<>:&' ]{1,80}\{?$"
    r"|(?:CREATE|create)\s+(?:OR\s+REPLACE\s+|or\s+replace\s+)?(?:TABLE|VIEW|FUNCTION|PROCEDURE|table|view)\s"
    r"|(?:const|let|var)\s+[\w$]+\s*=\s*(?:async\s*)?(?:function\b|\([^()]{0,200}\)\s*=>)"
    r")"
)
_C_FUNCTION = re.compile(r"[A-Za-z_][\w:<>,*&~ \t]{0,120}[\w>*&]\s?\([^;]*[^;,]$")
_METHOD = re.compile(
    rf"{_BEFORE}(?:[\w<>\[\],.?]++\s++){{0,3}}[\w$~]++\s*+\([^;]*\)\s*(?:(?:const|throws\s[\w., ]{{1,80}})\s*)?\{{$"
)
_CONTROL = re.compile(
    r"(?:if|else|elif|for|foreach|while|switch|catch|return|do|try|with|using|lock|synchronized|match|new|throw|await|when"
    r"|case|typedef|assert|print)\b"
)
_ATTACHED = re.compile(r"@|#\[|//|/\*|\*|--|#(?!include|define|if|endif|else|pragma)|\[\w")
"""A comment, a decorator or an attribute: it belongs to the definition that follows it."""


def read(path: Path) -> Text:
    """Reads the file's text and finds its definitions."""
    return text_document(path.read_bytes(), _write)


def _write(document: DocumentBuilder, found: str, left: LeftOut) -> None:
    text = clean(without_addresses(found, left))
    document.written(text, *definitions(text))


def definitions(text: str) -> tuple[Blocks, tuple[Table, ...]]:
    """Returns the first lines of definitions as headings and the code between them, up to blank lines. The level of a
    heading says in how many others it lies: 2 in none.
    """
    found, last = _Found(), 0
    for match in _LINE.finditer(text):
        if match.start() > last + 1:
            found.close()
        start, last = match.start(2), match.end()
        indent, line = len(match[1][:_LONGEST].expandtabs(4)), match[2]
        if len(line) <= _LONGEST and _is_definition(line.rstrip(), indent):
            found.definition(start, last, indent, _title(line))
        else:
            found.line(start, last, attached=len(line) <= _LONGEST and _ATTACHED.match(line) is not None)
    found.close()
    return found.blocks, ()


def _is_definition(line: str, indent: int) -> bool:
    if _NAMED.match(line):
        return True
    if "(" not in line or _CONTROL.match(line):
        return False
    if indent == 0 and line.endswith(("{", ")")) and _C_FUNCTION.match(line):
        return True
    return line.endswith("{") and _METHOD.match(line) is not None


def _title(line: str) -> str:
    return " ".join(line.rstrip("{:; \t\r").split())[:_LONGEST_TITLE]


class _Found:
    """What was found so far, and the lines that the next one may continue: code, then comments and decorators."""

    def __init__(self) -> None:
        self.blocks = Blocks()
        self._indents: list[int] = []
        self._code: tuple[int, int] | None = None
        self._attached: tuple[int, int] | None = None

    def definition(self, start: int, end: int, indent: int, title: str) -> None:
        """Adds a definition, with the comments and decorators in the lines before it."""
        begun = self._attached[0] if self._attached else start
        self._attached = None
        self.close()
        while self._indents and self._indents[-1] >= indent:
            self._indents.pop()
        self._indents.append(indent)
        self.blocks.add(Kind.HEADING, begun, end, len(self._indents) + 1, title)

    def line(self, start: int, end: int, *, attached: bool) -> None:
        """Adds any other line."""
        if attached:
            self._attached = (self._attached[0] if self._attached else start, end)
        else:
            begun = self._code or self._attached or (start, end)
            self._code, self._attached = (begun[0], end), None

    def close(self) -> None:
        """Ends what is open, as a blank line does."""
        for each in (self._code, self._attached):
            if each:
                self.blocks.add(Kind.CODE, *each)
        self._code = self._attached = None


_EXTENSIONS = (
    ".py", ".pyi", ".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".java", ".kt", ".kts", ".go", ".rs", ".c",
    ".h", ".cc", ".cpp", ".cxx", ".hpp", ".hh", ".cs", ".rb", ".php", ".swift", ".scala", ".lua", ".pl",
    ".pm", ".sh", ".bash", ".r", ".jl", ".dart", ".sql", ".ex", ".exs", ".proto", ".groovy", ".vb",
)  # fmt: skip
FORMAT = Format(
    "source code",
    _EXTENSIONS,
    read,
    by_name=True,
    keeps="The text as it is, with classes, functions and the like as headings over their code.",
    leaves_out="`data:` addresses; a warning tells it.",
)
