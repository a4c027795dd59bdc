"""Finds the headings of a text in Markdown, which most formats are converted to."""

from __future__ import annotations

import re

from vectorlog.ingest.document import Heading

_LINE = re.compile(
    r"^ {0,3}(?:(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*)|(?P<marks>#{1,6})[ \t]+(?P<title>[^\n]*)"
    r"|(?P<rule>=+|-+)[ \t]*$)",
    re.MULTILINE,
)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?:.*\n)*?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")
_NO_PARAGRAPH = re.compile(r"\s*(?:$|[#>|`~*+-]|\d+[.)]\s)")
_EMPHASIS = re.compile(r"[*`]+|\]\([^()]*\)|\[")
_LONGEST_TITLE = 200
"""Characters of a title that are kept, because every chunk under the heading repeats it."""


def headings(text: str) -> tuple[Heading, ...]:
    """Returns the headings in order: lines that begin with #, and lines underlined with = or -, outside of code."""
    found: list[Heading] = []
    fence = ""
    front_matter = _FRONT_MATTER.match(text)
    for match in _LINE.finditer(text, front_matter.end() if front_matter else 0):
        if mark := match["fence"]:
            if not fence:
                fence = "" if mark[0] == "`" and "`" in match["info"] else mark
            elif mark.startswith(fence) and not match["info"].strip():
                fence = ""
        elif fence:
            continue
        elif marks := match["marks"]:
            found.append(Heading(match.start(), match.end(), len(marks), _plain(match["title"].rstrip().rstrip("#"))))
        elif (start := _underlined(text, match.start())) is not None:
            title = text[start : match.start() - 1]
            found.append(Heading(start, match.end(), 1 if match["rule"][0] == "=" else 2, _plain(title)))
    return tuple(found)


def _underlined(text: str, rule: int) -> int | None:
    """Returns where the line above a rule begins, if it is a paragraph of one line; None if it is not."""
    end = rule - 1
    if end <= 0:
        return None
    start = text.rfind("\n", max(0, end - _LONGEST_TITLE), end) + 1
    begins = start > 0 or end <= _LONGEST_TITLE
    alone = begins and text[max(0, start - 2) : start].strip() == ""
    return start if alone and not _NO_PARAGRAPH.match(text, start, end) else None


def _plain(title: str) -> str:
    """Returns a title on one line, without marks of emphasis and the targets of links."""
    return " ".join(_EMPHASIS.sub("", title).split())[:_LONGEST_TITLE]
