"""Checks that the site shows pages as a code host does: CommonMark and Python-Markdown differ, most of all in lists."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt

COUNTED = ("ul", "ol", "li", "table", "tr", "h1", "h2", "h3", "pre", "img")


def differences(page: Path, built: Path) -> str:
    """Returns how the number of lists, tables and so on of a built page differs from CommonMark's; "" if it does not.

    Args:
        page: the Markdown.
        built: the site's HTML of it.
    """
    wanted, found = _Elements(everything=True), _Elements(everything=False)
    wanted.feed(MarkdownIt("commonmark").enable("table").render(page.read_text()))
    found.feed(built.read_text())
    differing = [name for name in COUNTED if wanted.numbers[name] != found.numbers[name]]
    return ", ".join(f"{found.numbers[name]} of {wanted.numbers[name]} <{name}>" for name in differing)


class _Elements(HTMLParser):
    """Counts elements: all of them, or those of the article that Material puts a page's content in."""

    def __init__(self, *, everything: bool) -> None:
        super().__init__()
        self.numbers: Counter[str] = Counter()
        self._counts = everything

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        if self._counts:
            self.numbers[tag] += 1
        elif tag == "article" and "md-content__inner" in (dict(attrs).get("class") or ""):
            self._counts = True

    def handle_endtag(self, tag: str) -> None:
        """See HTMLParser."""
        if tag == "article":
            self._counts = False
