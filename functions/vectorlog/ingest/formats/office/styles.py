"""The paragraph styles of a Word document: which are headings, and which are numbered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.xml import NAMES, attribute, child, is_on, number, value

_HEADING = re.compile(r"heading (\d)", re.IGNORECASE)
_BODY_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Style:
    """A paragraph style, with what it inherits.

    Attributes:
        heading: the level, from 1; 0 if it is none.
        list_: the list that numbers its paragraphs; empty if none does.
        level: in that list; None if the list says which.
    """

    name: str = ""
    heading: int = 0
    list_: str = ""
    level: int | None = None
    hidden: bool = False


def styles(root: Element | None) -> tuple[dict[str, Style], Style]:
    """Returns the paragraph styles by id, and the default one."""
    found: dict[str, tuple[Element, str]] = {}
    default = ""
    for each in root if root is not None else ():
        if NAMES[each.tag] == "style" and attribute(each, "type") in ("paragraph", ""):
            id_ = attribute(each, "styleId")
            found[id_] = each, value(each, "basedOn") or ""
            if attribute(each, "default") in ("1", "true", "on"):
                default = id_
    resolved: dict[str, Style] = {}
    for id_ in found:
        chain: list[str] = []
        while id_ in found and id_ not in resolved and len(chain) < len(found):
            chain.append(id_)
            id_ = found[id_][1]
        parent = resolved.get(id_, Style())
        for each_id in reversed(chain):
            resolved[each_id] = parent = _style(found[each_id][0], parent)
    return resolved, resolved.get(default, Style())


def _style(element: Element, parent: Style) -> Style:
    name = value(element, "name") or ""
    properties = child(element, "pPr")
    match = _HEADING.match(name)
    outline = value(properties, "outlineLvl")
    if name.lower() == "title":
        heading = 1
    elif match:
        heading = int(match[1])
    elif outline is not None:
        level = number(outline, _BODY_LEVEL)
        heading = level + 1 if level < _BODY_LEVEL else 0
    else:
        heading = parent.heading if parent.name.lower() != "title" else 0
    list_ = value(properties, "numPr", "numId")
    place = value(properties, "numPr", "ilvl")
    return Style(
        name,
        heading,
        parent.list_ if list_ is None else list_,
        parent.level if place is None else number(place, 0),
        is_on(element, "rPr", "vanish") if child(element, "rPr", "vanish") is not None else parent.hidden,
    )
