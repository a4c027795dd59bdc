"""Puts the main text of a web page before what stands around it, and leaves out menus, in one pass over its tags."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAST_SHARE = 0.2
"""If less of the page's words stands outside of menus, they are what the page is for, such as a list of contents."""

_TAG = re.compile(
    r"<(?:(!--)|(/?)(nav|header|footer|aside|main|article|div|section|ul|h[1-3])(?=[\s/>])([^<>]*+)>)", re.I
)
_MENU = re.compile(r"""\brole\s*=\s*["']?(?:navigation|menubar)\b""", re.I)
_BANNER = re.compile(
    r"""\b(?:id|class)\s*=\s*(?:"[^"]*\b|'[^']*\b|\b)(?:cookie|gdpr)[\w-]*(?:banner|consent|notice|bar|popup|dialog"""
    r"""|modal|overlay)(?![\w-])""",
    re.I,
)
_ROLE = re.compile(r"""\brole\s*=\s*["']?(main|complementary|contentinfo|banner)\b""", re.I)
_ADDRESS = re.compile(
    r"""\shref\s*=\s*(?:"(?:\s*(?:data|javascript):[^"]*+|#[^"]*+|[^"]{301,}+)"|'(?:\s*(?:data|javascript):[^']*+"""
    r"""|#[^']*+|[^']{301,}+)')""",
    re.I,
)
"""An address inside the page, in a script, of data, or of more than 300 characters."""
_MARKUP = re.compile(r"<[^<>]*+>")
_MOST_ATTRIBUTES = 1_000
"""Characters of a tag's attributes that are looked at."""
_ROLES = {"main": "main", "complementary": "aside", "contentinfo": "footer", "banner": "header"}


@dataclass(slots=True)
class _Open:
    """An element that has begun: where it begins, and what it is; empty if that does not matter."""

    start: int
    part: str


def arranged(html: str) -> str:
    """Returns HTML without menus and cookie banners, with footers, asides and headers without a heading at its end.

    Nothing is left out or moved if that is most of the page, if an element has no end tag, or inside the main part
    (but for menus).
    """
    menus, around = _parts(html)
    if not menus and not around:
        return html
    kept, moved, at = [], [], 0
    for start, end, is_menu in sorted([(*each, True) for each in menus] + [(*each, False) for each in around]):
        if start < at:
            continue
        kept.append(html[at:start])
        if not is_menu:
            inner = [each for each in menus if start <= each[0] < end]
            moved.append(_without(html, start, end, inner))
        at = end
    kept.append(html[at:])
    main, rest = "".join(kept), "".join(moved)
    if _words(main) < LEAST_SHARE * _words(html):
        return html
    return main + rest


def short_links(html: str) -> str:
    """Leaves out addresses of links that say nothing to a reader: inside the page, in scripts, data, and long ones."""
    return _ADDRESS.sub("", html)


def _parts(html: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Returns where menus are, and where what stands around the main part is; none of a list inside another."""
    menus: list[tuple[int, int]] = []
    around: list[tuple[int, int]] = []
    open_: dict[str, list[_Open]] = {}
    in_main, at, heading, no_comment_end = 0, 0, -1, False
    while match := _TAG.search(html, at):
        at = match.end()
        if match[1]:
            end = -1 if no_comment_end else html.find("-->", at)
            no_comment_end = end < 0
            at = at if no_comment_end else end
            continue
        name = match[3].lower()
        if name[0] == "h" and name != "header":
            heading = match.start()
        elif not match[2]:
            part = _part(name, match[4][:_MOST_ATTRIBUTES])
            in_main += part == "main"
            outer = part if part == "menu" or not in_main else part if part == "main" else ""
            open_.setdefault(name, []).append(_Open(match.start(), outer))
        elif open_.get(name):
            ended = open_[name].pop()
            if ended.part == "main":
                in_main -= 1
            elif ended.part == "menu":
                _add(menus, ended.start, at)
            elif ended.part and not (ended.part == "header" and heading > ended.start):
                _add(around, ended.start, at)
    return menus, around


def _part(name: str, attributes: str) -> str:
    """Returns what an element is: a menu, the main part, or something around it; empty for all else."""
    if name == "nav" or _MENU.search(attributes) or (name != "main" and _BANNER.search(attributes)):
        return "menu"
    if name == "article":
        return "main"
    if name in ("main", "header", "footer", "aside"):
        return name
    role = _ROLE.search(attributes)
    return _ROLES[role[1].lower()] if role else ""


def _add(parts: list[tuple[int, int]], start: int, end: int) -> None:
    """Appends a part that has just ended, in place of those inside it."""
    while parts and parts[-1][0] >= start:
        parts.pop()
    parts.append((start, end))


def _without(html: str, start: int, end: int, inner: list[tuple[int, int]]) -> str:
    kept = []
    for first, last in inner:
        kept.append(html[start:first])
        start = last
    return "".join((*kept, html[start:end]))


def _words(html: str) -> int:
    return len(_MARKUP.sub(" ", html).split())
