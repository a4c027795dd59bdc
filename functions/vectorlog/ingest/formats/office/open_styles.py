"""What the styles of an OpenDocument file say about lists, headings and titles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.lists import counted
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, number
from vectorlog.ingest.raised import Mark

_FORMS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman"}
_LEVELS = ("list-level-style-number", "list-level-style-bullet", "list-level-style-image", "outline-level-style")
_MOST_PARENTS = 20


@dataclass(frozen=True, slots=True)
class ListLevel:
    """How the items of a level are numbered; `form` is empty if they are not. `shown` levels stand in the number."""

    form: str = ""
    before: str = ""
    after: str = ""
    shown: int = 1
    start: int = 1


@dataclass(slots=True)
class OpenStyles:
    """Levels of lists by the name of the list's style and the level from 1, levels of headings, and parents of styles
    of paragraphs.
    """

    lists: dict[str, dict[int, ListLevel]] = field(default_factory=dict)
    outline: dict[int, ListLevel] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    """How styles of letters are set that are not set as usual."""

    def add(self, root: Element | None) -> None:
        """Adds the styles of a part."""
        for group in root if root is not None else ():
            for each in group if NAMES[group.tag] in ("styles", "automatic-styles") else ():
                match NAMES[each.tag]:
                    case "list-style":
                        self.lists[attribute(each, "name")] = _levels(each)
                    case "outline-style":
                        self.outline = _levels(each)
                    case "style" if attribute(each, "family") == "paragraph":
                        self.parents[attribute(each, "name")] = attribute(each, "parent-style-name")
                    case "style" if attribute(each, "family") == "text" and (mark_ := _mark(each)):
                        self.marks[attribute(each, "name")] = mark_

    def is_title(self, style: str) -> bool:
        """Whether paragraphs of this style are a document's title."""
        for _ in range(_MOST_PARENTS):
            if style == "Title":
                return True
            style = self.parents.get(style, "")
        return False


def _mark(style: Element) -> Mark:
    properties = child(style, "text-properties")
    if properties is None:
        return ""
    if attribute(properties, "text-line-through-style") not in ("", "none"):
        return "struck"
    position = attribute(properties, "text-position")
    if position.startswith(("sub", "-")):
        return "lowered"
    return "" if position.startswith("0") or not position else "raised"


def _levels(style: Element) -> dict[int, ListLevel]:
    return {
        number(attribute(each, "level"), 1): ListLevel(
            _FORMS.get(attribute(each, "num-format"), ""),
            attribute(each, "num-prefix"),
            attribute(each, "num-suffix"),
            number(attribute(each, "display-levels"), 1),
            number(attribute(each, "start-value"), 1),
        )
        for each in style
        if NAMES[each.tag] in _LEVELS
    }


def mark(levels: dict[int, ListLevel], counts: Iterable[int]) -> str:
    """Returns the number of an item, whose counts of all levels are given from the outermost; empty if it has none."""
    numbers = list(counts)
    level = levels.get(len(numbers), ListLevel())
    if not level.form:
        return ""
    first = max(0, len(numbers) - max(1, level.shown))
    forms = [levels.get(place, ListLevel()).form for place in range(1, len(numbers) + 1)]
    parts = [counted(numbers[place], forms[place]) for place in range(first, len(numbers)) if forms[place]]
    return f"{level.before}{'.'.join(parts)}{level.after}".strip()
