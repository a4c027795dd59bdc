"""Formulas of Office (OMML) on one line of text."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from vectorlog.ingest.formats.office.xml import NAMES, attribute, child
from vectorlog.ingest.raised import bracketed, power, shown

_MOST_DEPTH = 60
_PROPERTIES = frozenset(
    ("rPr", "fPr", "radPr", "naryPr", "dPr", "mPr", "sSupPr", "sSubPr", "sSubSupPr", "ctrlPr", "funcPr")
)


def linear(element: Element, depth: int = 0) -> str:
    """Returns what a formula, or a part of one, says: `(a+b)/2`, `x²`, `√(y+1)`."""
    if depth > _MOST_DEPTH:
        return "".join(element.itertext())

    def part(name: str) -> str:
        found = child(element, name)
        return "" if found is None else linear(found, depth + 1).strip()

    match NAMES[element.tag]:
        case "t":
            return element.text or ""
        case "f":
            return f"{bracketed(part('num'))}/{bracketed(part('den'))}"
        case "sSup":
            return _raise(part("e"), part("sup"))
        case "sSub":
            return f"{part('e')}_{bracketed(part('sub'))}"
        case "sSubSup":
            return f"{part('e')}_{bracketed(part('sub'))}{power(part('sup'))}"
        case "rad":
            degree = part("deg")
            return f"{bracketed(part('e'))}^(1/{degree})" if degree else f"√{bracketed(part('e'))}"
        case "nary":
            low, high = part("sub"), part("sup")
            sign = _sign(element, "naryPr", "chr", "∫")
            return f"{sign}{f'_{bracketed(low)}' if low else ''}{power(high) if high else ''} {part('e')}"
        case "d":
            inner = ", ".join(linear(each, depth + 1).strip() for each in element if NAMES[each.tag] == "e")
            return f"{_sign(element, 'dPr', 'begChr', '(')}{inner}{_sign(element, 'dPr', 'endChr', ')')}"
        case "mr":
            return " ".join(linear(each, depth + 1).strip() for each in element) + "; "
        case name if name in _PROPERTIES:
            return ""
        case _:
            return "".join(linear(each, depth + 1) for each in element)


def _raise(base: str, exponent: str) -> str:
    if len(base) > 1 and not base.isalnum():
        return (base if base.endswith(")") else bracketed(base)) + power(exponent)
    return base + shown(exponent, "raised", base if base[-1:].isdigit() else base[-1:])


def _sign(element: Element, properties: str, name: str, default: str) -> str:
    found = child(element, properties, name)
    return default if found is None else attribute(found, "val")
