"""HTML that is nested deeply is read in full, whatever its elements are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.growth import grows_linearly
from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.web_depth import flattened

Read = Callable[[bytes, str], Text]


@pytest.mark.parametrize("tag", ["div", "b", "ul", "table", "x"])
@pytest.mark.parametrize("closed", [False, True])
@pytest.mark.long
def test_deep(read: Read, tag: str, closed: bool) -> None:
    """What lies in 20,000 elements is read, and what stands before and after it."""
    depths = f"<{tag}>" * 20_000 + "The needle." + f"</{tag}>" * 20_000 * closed
    text = read(f"<html><body><p>Before</p>{depths}<script>x()</script><p>After</p></body></html>".encode(), "a.html")
    for each in ("Before", "The needle.", "After"):
        assert each in text.text
    assert "x()" not in text.text


@pytest.mark.parametrize("part", ["<script", "<script>", "<style>a", "<div ", "<div>" * 9 + "<script>", "</div><ul>"])
def test_time(part: str) -> None:
    """Flattening is linear: four times as much takes about four times as long."""
    assert grows_linearly(lambda times: flattened("<ul>" * 2_000 + part * times), 10_000)
