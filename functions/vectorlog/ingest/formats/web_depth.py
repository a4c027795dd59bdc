"""Flattens HTML whose elements are nested too deeply for its parser, in one pass."""

from __future__ import annotations

import re
from html import unescape

MOST_LEVELS = 1_000
"""html-to-markdown 3.20 loses what lies deeper than between 1,000 and 5,000 levels, without an error."""
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)")
_ALONE = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "dt",
        "dd",
        "tr",
        "td",
        "th",
        "option",
    ]
)
"""Elements without an end tag, or with one that is often left out."""
_NEUTRAL = re.compile(
    r"</?(?:(div|section|article|main|center|blockquote|form|fieldset|details)|span|font|b|i|u|em|strong|small|big|a|ins"
    r"|del|abbr|label|tt)\b[^<>]*>",
    re.IGNORECASE,
)
_ANY = re.compile(r"</?(?:(p|br|div|li|tr|h[1-6])\b)?[^>]*+(?:>|\Z)", re.IGNORECASE)
_UNSHOWN = re.compile(r"<(script|style)\b|</(script|style)\b", re.IGNORECASE)


def flattened(html: str) -> str:
    """Returns HTML with elements at most `MOST_LEVELS` deep: as it is, or with fewer kinds of them."""
    if not _is_deep(html):
        return html
    flat = _NEUTRAL.sub(lambda match: "<p>" if match[1] else " ", html)
    if not _is_deep(flat):
        return flat
    text = _ANY.sub(lambda match: "\n" if match[1] else " ", _shown(flat))
    return f"<pre>{text}</pre>" if text.strip() else ""


def bare(html: str) -> str:
    """Returns the words of HTML, without its structure."""
    return unescape(_ANY.sub(" ", _shown(html)))


def _shown(html: str) -> str:
    """Returns HTML without scripts and styles."""
    kept, start, begun = [], 0, ""
    for match in _UNSHOWN.finditer(html):
        if match[1] and not begun:
            kept.append(html[start : match.start()])
            begun = match[1].lower()
        elif match[2] and match[2].lower() == begun:
            start, begun = match.start(), ""
    return "".join(kept) if begun else "".join((*kept, html[start:]))


def _is_deep(html: str) -> bool:
    depth = 0
    for match in _TAG.finditer(html):
        if match[2].lower() in _ALONE:
            continue
        depth = max(0, depth - 1) if match[1] else depth + 1
        if depth > MOST_LEVELS:
            return True
    return False
