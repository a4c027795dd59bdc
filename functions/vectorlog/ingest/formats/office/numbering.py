"""The numbers that Word shows before paragraphs, which a document does not hold but only describes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.lists import counted
from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, is_on, number, value

_PLACE = re.compile(r"%([1-9])")
_LEVELS = 9


@dataclass(slots=True)
class _Level:
    start: int = 1
    form: str = "decimal"
    text: str = ""
    restart: int | None = None
    """The level, from 1, whose next number starts this one again; 0 for none; None for all those above."""
    legal: bool = False
    """Whether other levels' numbers are shown in digits."""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands before a paragraph: `mark` such as `1.1.`, or an empty one for a bullet."""

    mark: str
    level: int
    bullet: bool


class Numbering:
    """The lists of a document, and how far each has counted.

    Args:
        root: of the part with the definitions; None if the document has no lists.
    """

    def __init__(self, root: Element | None) -> None:
        self._abstract: dict[str, dict[int, _Level]] = {}
        self._style_links: dict[str, str] = {}
        self._linked: dict[str, str] = {}
        self._lists: dict[str, tuple[str, dict[int, _Level], dict[int, int]]] = {}
        self._counts: dict[str, list[int | None]] = {}
        self._begun: set[str] = set()
        self._by_style: dict[str, int] = {}
        for each in root if root is not None else ():
            if NAMES[each.tag] == "abstractNum":
                self._add_abstract(each)
            elif NAMES[each.tag] == "num":
                self._add_list(each)

    def label(self, list_: str, level: int) -> Label | None:
        """Counts a paragraph of a list, and returns what stands before it; None if there is no such list."""
        if list_ not in self._lists:
            return None
        abstract, overrides, starts = self._lists[list_]
        abstract = self._resolved(abstract)
        level = min(level, _LEVELS - 1)
        levels = self._abstract.get(abstract, {})
        own = overrides.get(level) or levels.get(level) or _Level(form="bullet")
        counts = self._counts.setdefault(abstract, [None] * _LEVELS)
        if list_ not in self._begun:
            self._begun.add(list_)
            for each, start in starts.items():
                counts[each] = start - 1
        before = counts[level]
        counts[level] = own.start if before is None else before + 1
        self._restart(counts, level, levels, overrides)
        return Label(self._text(own, counts, levels, overrides).strip(), level, own.form == "bullet")

    def level_of_style(self, style: str) -> int | None:
        """Returns the level that a list has for paragraphs of a style."""
        return self._by_style.get(style)

    def _restart(
        self, counts: list[int | None], level: int, levels: dict[int, _Level], overrides: dict[int, _Level]
    ) -> None:
        for below in range(level + 1, _LEVELS):
            lower = overrides.get(below) or levels.get(below)
            restart = lower.restart if lower is not None else None
            if restart is None or (restart != 0 and level < restart):
                counts[below] = None

    def _text(
        self, own: _Level, counts: list[int | None], levels: dict[int, _Level], overrides: dict[int, _Level]
    ) -> str:
        if own.form == "bullet":
            return ""

        def shown(match: re.Match[str]) -> str:
            place = int(match[1]) - 1
            each = overrides.get(place) or levels.get(place) or _Level()
            count = counts[place]
            form = "decimal" if own.legal and each.form != "decimalZero" else each.form
            return counted(each.start if count is None else count, form)

        return _PLACE.sub(shown, own.text)

    def _resolved(self, abstract: str) -> str:
        """Follows a list that takes its levels from a style of lists, once."""
        style = self._style_links.get(abstract)
        return self._linked.get(style, abstract) if style else abstract

    def _add_abstract(self, element: Element) -> None:
        id_ = attribute(element, "abstractNumId")
        if (link := value(element, "numStyleLink")) is not None:
            self._style_links[id_] = link
        if (link := value(element, "styleLink")) is not None:
            self._linked[link] = id_
        self._abstract[id_] = levels = {}
        for each in element:
            if NAMES[each.tag] == "lvl":
                place = number(attribute(each, "ilvl"), 0)
                levels[place] = level = _level(each)
                if level.style:
                    self._by_style.setdefault(level.style, place)

    def _add_list(self, element: Element) -> None:
        overrides: dict[int, _Level] = {}
        starts: dict[int, int] = {}
        for each in element:
            if NAMES[each.tag] != "lvlOverride":
                continue
            place = number(attribute(each, "ilvl"), 0, _LEVELS - 1)
            if (level := child(each, "lvl")) is not None:
                overrides[place] = _level(level)
            if (start := value(each, "startOverride")) is not None:
                starts[place] = number(start, 1)
        self._lists[attribute(element, "numId")] = (value(element, "abstractNumId") or "", overrides, starts)


def _level(element: Element) -> _Level:
    restart = value(element, "lvlRestart")
    form = child(element, "numFmt")
    if form is None:  # a form that older versions do not know lies in a choice
        form = child(element, "AlternateContent", "Fallback", "numFmt")
    return _Level(
        number(value(element, "start"), 1 if child(element, "start") is not None else 0),
        attribute(form, "val") if form is not None else "decimal",
        (value(element, "lvlText") or "")[:100],
        None if restart is None else number(restart, 0),
        is_on(element, "isLgl"),
        value(element, "pStyle") or "",
    )
