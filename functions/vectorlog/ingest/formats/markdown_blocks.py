"""Finds the blocks of a text in Markdown: headings, paragraphs, list items, code and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vectorlog.ingest.blocks import Blocks, Kind, Table

_LINE = re.compile(
    r"^(?P<blank>\s*\n)"
    r"|^(?P<indent>[^\S\n]*+)(?:(?P<fence>`{3,}+|~{3,}+)(?P<info>[^\n]*)|(?P<marks>\#{1,6})[ \t]++(?P<title>[^\n]*)"
    r"|(?P<rule>=++|-++|\*{3,}+|\^{3,}+)[ \t]*+$|(?P<row>\|)[^\n]*"
    r"|(?P<item>[-*+]|\d{1,9}[.)])[ \t]++[^\n]*|(?P<text>\S)[^\n]*)?",
    re.MULTILINE,
)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_TITLE = re.compile(r"^title[ \t]*:[ \t]*([^\n]*)$", re.MULTILINE | re.IGNORECASE)
_NO_TITLE = re.compile(r"\s*(?:$|[#>|`~*+-]|\d+[.)]\s)")
_EMPHASIS = re.compile(r"[*`]+|\]\([^()]*\)|\[")
LONGEST_TITLE = 200
"""Characters of a title that are kept, because every chunk under the heading repeats it."""
_DEEPEST = 3
"""The most white space before a sign: with more, it is part of a text, unless it is an item's."""
_RULE_SIGNS = "|:- \t"
_UNDERLINES = {"*": 1, "=": 1, "-": 2, "^": 3}
"""The levels of titles that are underlined with a sign. Markdown has two of them; in reStructuredText, where sections
are underlined so, those with `*` stand above the others.
"""


def parse(text: str) -> tuple[Blocks, tuple[Table, ...]]:
    """Returns the blocks and the tables of a text, in one pass. Front matter has none."""
    found = _Found(text)
    fence, opened, end = "", 0, 0
    front_matter = _FRONT_MATTER.match(text)
    for match in _LINE.finditer(text, front_matter.end() if front_matter else 0):
        kind = match.lastgroup
        if kind == "blank":
            if not fence:
                found.close()
            continue
        start, end = match.end("indent"), match.end()
        if len(match["indent"]) > _DEEPEST and kind in ("info", "title", "rule"):
            kind = "text"
        if fence:
            if kind == "info" and match["fence"].startswith(fence) and not match["info"].strip():
                found.blocks.add(Kind.CODE, opened, end)
                fence = ""
        elif kind == "info" and not (match["fence"][0] == "`" and "`" in match["info"]):
            found.close()
            fence, opened = match["fence"], start
        elif kind == "title":
            found.close()
            found.blocks.add(Kind.HEADING, start, end, len(match["marks"]), plain(match["title"].rstrip().rstrip("#")))
        elif kind == "rule":
            found.rule(start, end, match["rule"])
        elif kind == "row":
            found.row(start, end)
        elif kind == "item":
            found.close()
            found.open(Kind.ITEM, start, end, len(match["indent"].expandtabs(4)) // 2)
        elif kind == "indent":
            found.close()
        else:
            found.line(start, end)
    if fence:
        found.blocks.add(Kind.CODE, opened, max(opened, end))
    found.close()
    return found.blocks, tuple(found.tables)


def front_title(text: str) -> str:
    """Returns the title that the front matter of a text gives it; empty without one."""
    matter = _FRONT_MATTER.match(text)
    named = _TITLE.search(text, 0, matter.end()) if matter else None
    return named[1].strip().strip("\"'") if named else ""


def plain(title: str) -> str:
    """Returns a title on one line, without marks of emphasis and the targets of links."""
    return " ".join(_EMPHASIS.sub("", title).split())[:LONGEST_TITLE]


class _Found:
    """What was found so far, and the paragraph, item or table that the next line may continue."""

    def __init__(self, text: str) -> None:
        self.blocks = Blocks()
        self.tables: list[Table] = []
        self._text = text
        self._kind: Kind | None = None
        self._start = self._end = self._lines = self._level = 0
        self._rows: list[tuple[int, int]] = []
        self._header = 0
        self._starred = False

    def open(self, kind: Kind, start: int, end: int, level: int = 0) -> None:
        """Begins a paragraph or an item."""
        self._kind, self._start, self._end, self._lines, self._level = kind, start, end, 1, level

    def line(self, start: int, end: int) -> None:
        """Adds a line of text to what is open, or begins a paragraph; rows may lack the sign at their beginning."""
        if self._rows and self._text.find("|", start, end) >= 0:
            self._rows.append((start, end))
        elif self._lines == 1 and self._kind == Kind.PARAGRAPH and _is_rule(self._text, start, end):
            first, self._kind = (self._start, self._end), None
            if self._text.find("|", *first) >= 0:
                self._rows, self._header = [first, (start, end)], 2
            else:
                self.open(Kind.PARAGRAPH, first[0], end)
                self._lines = 2
        elif self._kind is not None and not self._rows:
            self._end, self._lines = end, self._lines + 1
        else:
            self.close()
            self.open(Kind.PARAGRAPH, start, end)

    def row(self, start: int, end: int) -> None:
        """Adds a row to the open table, or begins one."""
        if not self._rows:
            self.close()
        self._rows.append((start, end))
        if len(self._rows) == 2 and _is_rule(self._text, start, end):
            self._header = 2

    def rule(self, start: int, end: int, rule: str) -> None:
        """Makes an open paragraph of one short line a heading; any other rule is part of no block. Signs that Markdown
        does not underline titles with do so if there are as many of them as characters in the title.
        """
        begun, sign = self._start, rule[0]
        short = self._kind == Kind.PARAGRAPH and self._lines == 1 and self._end - begun <= LONGEST_TITLE
        under = short and (sign in "=-" or len(rule) >= self._end - begun)
        if under and not _NO_TITLE.match(self._text, begun, self._end):
            title = plain(self._text[begun : self._end])
            self._kind = None
            level = _UNDERLINES[sign] + (self._starred and sign != "*")
            self.blocks.add(Kind.HEADING, begun, end, level, title)
            self._starred = self._starred or sign == "*"
        elif self._kind == Kind.PARAGRAPH and sign in "=^":
            self.line(start, end)
        else:
            self.close()

    def close(self) -> None:
        """Ends what is open."""
        if self._kind is not None:
            self.blocks.add(self._kind, self._start, self._end, self._level)
            self._kind = None
        if self._rows:
            for kind, start, end in self._row_blocks():
                self.blocks.add(kind, start, end)
            head = self._rows[self._header - 1][1] if self._header else self._rows[0][0]
            self.tables.append(Table(self._rows[0][0], self._rows[-1][1], head))
            self._rows, self._header = [], 0

    def _row_blocks(self) -> Iterator[tuple[Kind, int, int]]:
        """Yields the rows of the open table; the line below the header belongs to it."""
        if self._header:
            yield Kind.HEADER, self._rows[0][0], self._rows[1][1]
        for start, end in self._rows[self._header :]:
            yield Kind.ROW, start, end


def _is_rule(text: str, start: int, end: int) -> bool:
    """Whether a line only has the signs of the line below the header of a table."""
    line = text[start:end]
    return "-" in line and "|" in line and not line.strip(_RULE_SIGNS)
