"""HTML: the main text first, tables, links."""

from __future__ import annotations

import pytest

from tests.support.growth import grows_linearly
from vectorlog.ingest.formats.web import markdown

MENU = '<nav><a href="/a">Alpha</a></nav>'
BANNER = '<div id="cookie-banner"><div>We use cookies.</div></div>'
FOOTER = "<footer>Phone 555 1234</footer>"
TEXT = "<h1>Draining</h1><p>Drain the boilers in May, before the pumps are switched off.</p>"


class TestMainText:
    """What a page is about comes first."""

    def test_around(self) -> None:
        """Menus and cookie banners are left out; asides, footers and headers follow the main text."""
        page = f"<header>Boilers Ltd.</header>{MENU}{BANNER}<aside>News</aside>{FOOTER}<main>{TEXT}</main>"
        assert markdown(page).split("\n\n") == [
            "# Draining",
            "Drain the boilers in May, before the pumps are switched off.",
            "Boilers Ltd.",
            "News",
            "Phone 555 1234",
        ]

    def test_in_the_main_part(self) -> None:
        """An aside or a header of an article stays where it stands."""
        page = "<article><header>By Ann</header><p>One</p><aside>Note</aside><p>Two</p></article>"
        assert markdown(page).split() == ["By", "Ann", "One", "Note", "Two"]

    @pytest.mark.parametrize(
        "page",
        [
            f"<body>{MENU}</body>",
            "<form><p>Alpha</p><label>of a page in a form</label></form>",
            "<body><nav>Alpha <p>of a menu without an end",
            "<header>Alpha</header>",
            "<body class='cookie-banner-shown'><div class='cookie-recipes'>Alpha</div></body>",
            "<!-- <nav> --><p>Alpha</p><!-- </nav> -->",
            "<div role='navigation'><main><p>Alpha and the rest of a page</p></main></div>",
        ],
    )
    def test_nothing_is_lost_without_a_main_part(self, page: str) -> None:
        """What is all of a page is read, whatever its elements are called."""
        assert "Alpha" in markdown(page)


@pytest.mark.parametrize(
    "address", ["data:text/plain;base64,QUFB", "javascript:void(0)", "#part", "https://example.org/?" + "a" * 400]
)
def test_addresses_that_say_nothing(address: str) -> None:
    """Such a link is no more than its text."""
    assert markdown(f'<p>See <a class="x" href="{address}">the list</a>.</p>') == "See the list."


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ('<img src="next.png" alt="Next page">', "Next page"),
        ("<IMG alt='a &gt; b' src=x>", "a > b"),
        ("<img alt=Next />", "Next"),
        ('<img src="a.png" alt="">', ""),
        ('<img data-alt="x" src="a.png">', ""),
        ('<img alt="Next" hidden>', ""),
        ("<img aria-hidden='true' alt=Next>", ""),
        ('<img alt="a hidden door" aria-hidden="false">', "a hidden door"),
        ('<img alt="Next" hidden="until-found">', ""),
        ('<img alt="Next" style="display:none">', ""),
        ("<img style='border: 0; DISPLAY : none !important' alt=Next>", ""),
        ('<img alt="Next" style="visibility:hidden">', ""),
        ('<img alt="display:none" style="display:block" title="hidden">', "display:none"),
        ('<img alt="Next" data-style="display:none">', "Next"),
        ('<img alt="Next" role="presentation">', ""),
        ('<img alt="tracker" width="1" height=1 src="https://example.org/p.gif">', ""),
        ('<img alt="tracker" style="width:1px; height: 0 !important">', ""),
        ('<img alt="tracker" width="200" height="100" style="width:1px;height:1px">', ""),
        ('<img alt="A line" width="600" height="1">', "A line"),
        ('<img alt="Logo" width="100%" height="100">', "Logo"),
        ('<img alt="Logo" width="1em" height="1em">', "Logo"),
        ('<img alt="Logo" style="max-width:1px;max-height:1px">', "Logo"),
        ("<img alt='1' alt='2'>", "1"),
    ],
)
def test_images(image: str, shown: str) -> None:
    """An image is the text that the page offers instead, also as a link's only name."""
    assert markdown(f"<p>before {image} after</p>").split() == f"before {shown} after".split()
    if shown:
        assert markdown(f'<p>See <a href="b.html">{image}</a></p>') == f"See [{shown}](b.html)"


def test_addresses_of_pages() -> None:
    """Other links keep their addresses."""
    assert markdown('<p><a href="https://example.org/tides">Tides</a></p>') == "[Tides](https://example.org/tides)"


def test_tables() -> None:
    """A table has its header row."""
    page = "<table><tr><th>Part</th><th>Price</th></tr><tr><td>Valve</td><td>12</td></tr></table>"
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in markdown(page).splitlines()]
    assert rows[0] == ["Part", "Price"]
    assert rows[2] == ["Valve", "12"]


@pytest.mark.parametrize(
    "part",
    [
        "<nav>",
        "<nav>x</nav>",
        "<header>x",
        "<header><header>x</header>",
        "<!--",
        "<script>",
        "</div>",
        '<a href="#',
        '<a href="x',
        '<img alt="',
        "<img alt='x' ",
        "<img x y",
        "<img x=1 y='2' ",
        '<img alt=a style="width:1',
        "<img alt=x style='display:'>",
        "<div class=cookie ",
        '<div class="cookie-cookie-',
        "<p>x",
        "<table><tr><td>",
    ],
)
@pytest.mark.long
def test_the_time_grows_with_the_page_only(part: str) -> None:
    """No page takes long."""
    assert grows_linearly(lambda size: markdown(part * (size // len(part))), 60_000)


def test_the_time_grows_with_a_long_attribute_only() -> None:
    """Names of classes are searched for banners."""
    assert grows_linearly(lambda size: markdown(f'<div class="{"cookie-" * (size // 7)}">x</div>'), 60_000)
