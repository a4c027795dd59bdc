"""The texts that a web page offers in place of its images."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

_IMAGE = re.compile(r"""<img\b((?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)>""", re.I)
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"']++)))?""")
_NOT_SHOWN = re.compile(r"(?:\A|[;\s])(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\b", re.I)
_STYLED_SIZE = re.compile(r"(?:\A|[;\s])(width|height)\s*:\s*([^;]*)", re.I)
_A_DOT = re.compile(r"\s*[01](?:\.\d*)?(?:px)?\s*(?:!important\s*)?\Z", re.I)
"""A width or height of up to one pixel, as images have that tell somebody that the page was read."""
_NO_CONTENT = ("presentation", "none")


def images_as_text(html: str) -> str:
    """Puts the text that a page offers in place of an image where the image is, which may be a link's only name. An
    image that nobody sees has none: one that is hidden, decoration, or a dot.
    """
    return _IMAGE.sub(_alternative, html)


def _alternative(image: re.Match[str]) -> str:
    attributes = _attributes(image[1])
    if "alt" not in attributes:
        return ""
    return "" if _is_unseen(attributes) else f" {' '.join(attributes['alt'].split())} "


def _attributes(tag: str) -> dict[str, str]:
    """Returns the attributes of a tag, the first of each name, with their values as the page writes them."""
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(tag):
        found.setdefault(name.lower(), "".join(values))
    return found


def _is_unseen(attributes: Mapping[str, str]) -> bool:
    if "hidden" in attributes or attributes.get("aria-hidden", "").strip().lower() == "true":
        return True
    if attributes.get("role", "").strip().lower() in _NO_CONTENT:
        return True
    style = unescape(attributes.get("style", ""))
    if _NOT_SHOWN.search(style):
        return True
    sizes = {**attributes, **{name.lower(): size for name, size in _STYLED_SIZE.findall(style)}}
    return all(_A_DOT.match(sizes.get(side, "auto")) for side in ("width", "height"))
