"""Raised and lowered letters of HTML, and formulas in MathML, as plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape, unescape

from vectorlog.ingest.raised import bracketed, power, shown

_RAISED = re.compile(
    r"<(su[pb])(?:\s[^<>]{0,300})?>([^<]{0,200}(?:<(?!/?su[pb]\b)[^<>]{0,500}>[^<]{0,200}){0,6})</\1\s*>", re.IGNORECASE
)
_FRACTION = re.compile(
    r"(\d?)<sup(?:\s[^<>]{0,300})?>\s*(\d{1,6})\s*</sup\s*>\s*(?:[/\u2044\u2215]|&frasl;|&#8260;)\s*"
    r"<sub(?:\s[^<>]{0,300})?>\s*(\d{1,6})\s*</sub\s*>",
    re.IGNORECASE,
)
_TAGS = re.compile(r"<[^<>]*+>")
_LINK = re.compile(r"<a[\s>]", re.IGNORECASE)
_BEFORE = 300
_MOST_DEPTH = 2
_MATH = re.compile(r"<(/?)(?:\w{1,20}:)?math(?=[\s>])[^<>]*+>", re.IGNORECASE)
_TOKEN = re.compile(r"<(/?)(?:\w{1,20}:)?([a-zA-Z][\w-]*+)([^<>]*?)(/?)>|<!--.*?-->|([^<]+)|<", re.DOTALL)
_MOST_LEVELS = 200
_LONGEST_MATH = 100_000
_UNSHOWN = frozenset(("annotation", "annotation-xml", "mphantom"))
_SPACED = frozenset("=≠<>≤≥≈≡→⇒±∓∈∼∝")
_FENCE = re.compile(r"""\b(open|close)\s*=\s*["']([^"']{0,8})["']""")


def with_plain_math(html: str) -> str:
    """Returns HTML in which formulas, and raised and lowered letters, are text."""
    if "<" not in html:
        return html
    text = _with_plain_formulas(html)
    if _RAISED.search(text):
        text = _FRACTION.sub(lambda match: f"{match[1]}{' ' if match[1] else ''}{match[2]}/{match[3]}", text)
        for _ in range(_MOST_DEPTH):
            text = _with_plain_letters(text)
    return text


def _with_plain_letters(html: str) -> str:
    parts: list[str] = []
    at = 0
    for match in _RAISED.finditer(html):
        between = html[at : match.start()]
        before = _before(between) if between or not parts else parts[-1]
        inner = " ".join(unescape(_TAGS.sub("", match[2])).split())
        if _LINK.search(match[2]) and inner.isalnum():
            inner = f"[{inner}]"
        parts += (
            between,
            escape(shown(inner, "raised" if match[1].lower() == "sup" else "lowered", before), quote=False),
        )
        at = match.end()
    return "".join((*parts, html[at:]))


def _before(html: str) -> str:
    """Returns the end of the text before a place."""
    end = html[-_BEFORE:]
    cut = end.find(">") + 1 if "<" not in end[: end.find(">") + 1] else 0
    return unescape(_TAGS.sub("", end[cut:]))


def _with_plain_formulas(html: str) -> str:
    parts: list[str] = []
    at, begun = 0, -1
    for match in _MATH.finditer(html):
        if not match[1]:
            begun = match.start() if begun < 0 else begun
        elif begun >= 0:
            if match.end() - begun <= _LONGEST_MATH:
                parts += (html[at:begun], f" {escape(linear(html[begun : match.end()]), quote=False)} ")
                at = match.end()
            begun = -1
    return "".join((*parts, html[at:]))


def linear(math: str) -> str:
    """Returns a formula in MathML on one line, such as `x = (a + b)/2` or `√(x² + 1)`."""
    stack: list[tuple[str, str, list[str]]] = [("math", "", [])]
    for match in _TOKEN.finditer(math):
        name = (match[2] or "").lower()
        if match[5]:
            stack[-1][2].append(" ".join(unescape(match[5]).split()))
        elif name and not match[1] and not match[4] and len(stack) < _MOST_LEVELS:
            stack.append((name, match[3], []))
        elif match[1] and any(each[0] == name for each in stack[1:]):
            while True:
                ended, attributes, parts = stack.pop()
                stack[-1][2].append(_element(ended, attributes, parts))
                if ended == name:
                    break
    while len(stack) > 1:
        ended, attributes, parts = stack.pop()
        stack[-1][2].append(_element(ended, attributes, parts))
    return " ".join("".join(stack[0][2]).split())


def _element(name: str, attributes: str, parts: list[str]) -> str:
    if name in _UNSHOWN:
        return ""
    written = [part for part in parts if part]
    if name == "mo":
        sign = "".join(written)
        return f" {sign} " if sign in _SPACED else sign
    if name == "mtext":
        return f" {''.join(written)} "
    write = _WRITERS.get(name)
    least = 2 if name in _WITH_TWO else 3 if name in _WITH_THREE else 0
    if write and len(written) >= least:
        return write([part.strip() for part in written])
    if name == "mfenced":
        fences = {found[1]: found[2] for found in _FENCE.finditer(attributes)}
        return f"{fences.get('open', '(')}{', '.join(written)}{fences.get('close', ')')}"
    return "".join(written)


def _raise(base: str, exponent: str) -> str:
    if len(base) > 1 and not base.isalnum():
        return bracketed(base) + power(exponent)
    return base + shown(exponent, "raised", base if base[-1:].isdigit() else base[-1:])


_WITH_TWO = frozenset(("mfrac", "msup", "msub", "mroot", "munder", "mover"))
_WITH_THREE = frozenset(("msubsup", "munderover"))
_WRITERS: Mapping[str, Callable[[list[str]], str]] = {
    "mfrac": lambda each: f"{bracketed(each[0])}/{bracketed(each[1])}",
    "msup": lambda each: _raise(each[0], each[1]),
    "msub": lambda each: f"{each[0]}_{bracketed(each[1])}",
    "msubsup": lambda each: f"{each[0]}_{bracketed(each[1])}{power(each[2])}",
    "munder": lambda each: f"{each[0]}_{bracketed(each[1])} ",
    "mover": lambda each: f"{each[0]}^{bracketed(each[1])} " if each[1].isalnum() else each[0] + each[1],
    "munderover": lambda each: f"{each[0]}_{bracketed(each[1])}{power(each[2])} ",
    "msqrt": lambda each: f"√{bracketed(''.join(each))}",
    "mroot": lambda each: f"{bracketed(each[0])}^(1/{each[1]})",
    "mtd": lambda each: f"{''.join(each)} ",
    "mtr": lambda each: f"{' '.join(each)}; ",
}
