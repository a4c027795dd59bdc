"""The page of a passage: its address, and what it shows."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.api.client import Clock
from vectorlog.api import viewer_page
from vectorlog.api.viewer_links import Opened, ViewerLinks
from vectorlog.domain.errors import Forbidden, Invalid
from vectorlog.domain.location import Location
from vectorlog.domain.tenancy import Caller
from vectorlog.files.pieces import Piece
from vectorlog.use_cases.passages import Place, Shown

STORE, FILE = "vs_1", "file-1"
TEXT = "One owl. Two owls. Three owls. Four owls."
DAY_MS = 86_400_000


@pytest.fixture
def links(clock: Clock) -> ViewerLinks:
    return ViewerLinks(lambda: b"k" * 32, clock)


def open_(links: ViewerLinks, address: str, *, store: str = STORE, file: str = FILE) -> Opened:
    parts = urlsplit(address)
    assert parts.path.endswith(f"/view/{STORE}/{FILE}")
    query = parse_qs(parts.query, keep_blank_values=True)
    return links.opened({"vector_store_id": store, "file_id": file}, query)


class TestAddresses:
    @pytest.mark.parametrize("place", [None, Place(3, 0), Place(1, 41)])
    @pytest.mark.parametrize("user", [None, "ann@example.com"])
    def test_open_what_was_signed(self, links: ViewerLinks, place: Place | None, user: str | None) -> None:
        """An address opens the place for which it was made, and does not tell for whom."""
        address = links.address("https://host/prod", Caller("acme", user), STORE, FILE, place)
        assert address.startswith("https://host/prod/view/")
        assert "ann" not in address
        assert "acme" not in address
        opened = open_(links, address)
        assert (opened.store, opened.file, opened.place) == (STORE, FILE, place)
        assert opened.code == links.code(user)

    def test_are_valid_for_a_day(self, links: ViewerLinks, clock: Clock) -> None:
        """An address is valid for a day at least and for an hour more at most, and is the same for an hour."""
        caller = Caller("acme")
        clock.now = 1_699_999_200_000  # a full hour
        address = links.address("http://host", caller, STORE, FILE, None)
        clock.now += 3_599_000
        assert links.address("http://host", caller, STORE, FILE, None) == address
        clock.now += DAY_MS
        open_(links, address)
        clock.now += 2_000
        with pytest.raises(Forbidden, match="no longer valid"):
            open_(links, address)

    def test_of_another_key_open_nothing(self, links: ViewerLinks, clock: Clock) -> None:
        """An address of another deployment opens nothing here."""
        other = ViewerLinks(lambda: b"o" * 32, clock)
        with pytest.raises(Forbidden):
            open_(other, links.address("http://host", Caller("acme"), STORE, FILE, None))

    @pytest.mark.parametrize(
        "query", ["", "until=1", "until=x&signature=a", "until=²&signature=a", "until=1&signature=ü", "at=1&until=1"]
    )
    def test_that_are_none(self, links: ViewerLinks, query: str) -> None:
        """What is no address of ours is refused, whatever it holds."""
        with pytest.raises(Forbidden):
            open_(links, f"http://host/view/{STORE}/{FILE}?{query}")
        with pytest.raises(Invalid):
            open_(links, f"http://host/view/{STORE}/{FILE}?{query}", store="owl")


def piece(n: int, start: int, end: int, **place: object) -> Piece:
    return Piece(n, TEXT[start:end], 5, Location(start, end, **place))  # type: ignore[arg-type]


def shown(*pieces: Piece, passage: int | None = None, changed: bool = False) -> Shown:
    return Shown("a & b.txt", pieces, passage, changed, 1, 10)


def words(page: str) -> str:
    """The text that a page shows of a file."""
    found = re.findall(r"<p class=text>(.*?)</p>", page, re.DOTALL)
    return unescape(re.sub(r"</?mark[^>]*>", "", "".join(found)))


def marked(page: str) -> str:
    return unescape("".join(re.findall(r"<mark[^>]*>(.*?)</mark>", page, re.DOTALL)))


class TestPage:
    @pytest.mark.parametrize("passage", [0, 1, 2])
    def test_shows_each_character_once(self, passage: int) -> None:
        """Chunks that overlap are shown as one text, with the whole passage marked in it."""
        pieces = (piece(0, 0, 18), piece(1, 9, 30), piece(2, 19, 41))
        page = viewer_page.passage(shown(*pieces, passage=passage), "", "")
        assert words(page) == TEXT
        assert marked(page) == pieces[passage].text
        assert page.count("id=passage") == 1

    def test_says_where_it_is(self) -> None:
        """Pages, sheets and headings stand over the text where they change."""
        pieces = (
            piece(0, 0, 9, first_page=1, last_page=1, headings=("Guide", "A & B")),
            piece(1, 9, 19, first_page=1, last_page=2, headings=("Guide", "A & B")),
            piece(2, 19, 31, first_page=3, last_page=3, page_label="iii"),
            piece(3, 31, 41, sheet="Prices"),
        )
        page = viewer_page.passage(shown(*pieces, passage=1), "", "")
        labels = [unescape(each) for each in re.findall("<h2>(.*?)</h2>", page)]
        assert labels == ["page 1 · Guide › A & B", "pages 1 to 2 · Guide › A & B", "page iii", "sheet Prices"]

    def test_without_places(self) -> None:
        """Chunks of which it is not known where they are follow one another."""
        pieces = [Piece(n, f"owl {n}", None, None) for n in range(3)]
        page = viewer_page.passage(shown(*pieces, passage=1), "", "")
        assert words(page) == "owl 0owl 1owl 2"
        assert marked(page) == "owl 1"

    def test_holds_no_markup_of_the_file(self) -> None:
        """Names and texts of a file are shown as they are, and mean nothing to the browser."""
        evil = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"&amp;"
        page = viewer_page.passage(Shown(evil, [Piece(0, evil, 1, None)], 0, False, 1, 1), "/a?b=1&c='", "")
        assert "<script" not in page
        assert "<img" not in page
        assert marked(page) == evil
        assert "href='/a?b=1&amp;c=&#x27;'" in page
        assert evil not in viewer_page.refusal(evil)

    def test_says_that_the_file_changed(self) -> None:
        """Of a file that was ingested again, the beginning is shown with a note."""
        assert "read again" in viewer_page.passage(shown(piece(0, 0, 9), changed=True), "", "")
        assert "read again" not in viewer_page.passage(shown(piece(0, 0, 9)), "", "")
