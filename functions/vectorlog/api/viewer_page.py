"""The page that shows a passage in its file: HTML without scripts and without anything from another server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby, pairwise

from vectorlog.domain.location import Location
from vectorlog.files.pieces import Piece
from vectorlog.use_cases.passages import Shown

_STYLE = """\
:root{color-scheme:light dark;--line:#8884;--blue:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--blue:#93b4ff}}
body{font:16px/1.55 system-ui,sans-serif;max-width:48rem;margin:0 auto;padding:1rem 1.25rem 3rem}
h1{font-size:1.25rem;margin:.5rem 0 0;overflow-wrap:anywhere}
h2{font-size:.85rem;font-weight:600;margin:1.4rem 0 .2rem;padding-top:.6rem;border-top:1px solid var(--line)}
p{margin:.3rem 0}a{color:var(--blue)}.text{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
mark{background:#fde68a;color:#111}nav{margin:1.4rem 0 0}nav a{margin-right:1.5rem}"""
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-store",
    "x-robots-tag": "noindex",
}
"""Of the page: it applies its own style and nothing else, its address reaches no other server, and no copy is kept."""


def where(place: Location | None) -> str:
    """Returns in words where a chunk is: its pages or sheet and its headings; empty if nothing is known."""
    if place is None:
        return ""
    pages = ""
    if place.sheet:
        pages = f"sheet {place.sheet}"
    elif place.first_page:
        pages = f"page {place.page_label or place.first_page}"
        if place.last_page and place.last_page != place.first_page and not place.page_label:
            pages = f"pages {place.first_page} to {place.last_page}"
    return " · ".join(each for each in (pages, " › ".join(place.headings)) if each)


def passage(shown: Shown, earlier: str, later: str) -> str:
    """Returns the page of a place in a file; `earlier` and `later` are the addresses of what is around it, or empty."""
    note = "<p><em>The file was read again since this address was made, so its beginning is shown.</em></p>"
    links = [(earlier, "Earlier in the file"), (later, "Later in the file")]
    nav = "".join(f"<a href='{escape(address)}'>{name}</a>" for address, name in links if address)
    body = "".join(_parts(shown.pieces, shown.passage))
    above = "" if shown.passage is None else "<p><a href='#passage'>Go to the passage</a></p>"
    return _page(shown.filename, f"{note if shown.changed else ''}{above}{body}{f'<nav>{nav}</nav>' if nav else ''}")


def refusal(message: str) -> str:
    """Returns the page that says why there is nothing to show."""
    return _page("Nothing to show", f"<p>{escape(message)}</p>")


def _page(title: str, body: str) -> str:
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width,initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{_STYLE}</style><main><h1>{escape(title)}</h1>{body}</main></html>"
    )


def _parts(pieces: Sequence[Piece], marked: int | None) -> Iterator[str]:
    """Yields the text of the chunks with a line over it wherever its place changes."""
    for label, runs in groupby(_runs(pieces, marked), lambda run: where(run.place)):
        over = f"<h2>{escape(label)}</h2>" if label else ""
        yield f"{over}<p class=text>{''.join(map(_text, runs))}</p>"


def _text(run: _Run) -> str:
    text = escape(run.text)
    return f"<mark{' id=passage' if run.begins else ''}>{text}</mark>" if run.marked else text


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive characters of a file.

    Attributes:
        place: of the chunk that began last.
        marked: whether they belong to the passage.
        begins: whether the passage begins with them.
    """

    text: str
    place: Location | None
    marked: bool
    begins: bool


def _runs(pieces: Sequence[Piece], marked: int | None) -> Iterator[_Run]:
    """Yields the text of chunks that share some of it, each character once. If it is not known where they are, they
    follow one another as they are.
    """
    placed = [(each.location, each) for each in pieces if each.location is not None]
    if len(placed) < len(pieces):
        yield from (_Run(each.text, each.location, each.n == marked, each.n == marked) for each in pieces)
        return
    mark = next((place for place, each in placed if each.n == marked), None)
    cuts = {place.start for place, _ in placed} | {place.end for place, _ in placed[-1:]}
    cuts |= {mark.start, mark.end} if mark else set()
    for start, end in pairwise(sorted(cuts)):
        over = [(place, each) for place, each in placed if place.start <= start < place.end]
        if over:
            place, piece = over[-1]
            within = mark is not None and mark.start <= start < mark.end
            begins = mark is not None and mark.start == start
            yield _Run(piece.text[start - place.start : end - place.start], place, within, begins)
