"""HTML that is nested deeply is read in full, whatever its elements are."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from vectorlog.ingest.document import Text
from vectorlog.ingest.formats.web_depth import flattened

Read = Callable[[bytes, str], Text]


@pytest.mark.parametrize("tag", ["div", "b", "ul", "table", "x"])
@pytest.mark.parametrize("closed", [False, True])
def test_deep(read: Read, tag: str, closed: bool) -> None:
    """What lies in 20,000 elements is read, and what stands before and after it."""
    depths = f"<{tag}>" * 20_000 + "The needle." + f"</{tag}>" * 20_000 * closed
    text = read(f"<html><body><p>Before</p>{depths}<script>x()</script><p>After</p></body></html>".encode(), "a.html")
    for each in ("Before", "The needle.", "After"):
        assert each in text.text
    assert "x()" not in text.text


@pytest.mark.parametrize("part", ["<script", "<script>", "<style>a", "<div ", "<div>" * 9 + "<script>", "</div><ul>"])
def test_time(part: str) -> None:
    """Flattening is linear: four times as much takes no more than eight times as long."""

    def seconds(times: int) -> float:
        html = "<ul>" * 2_000 + part * times
        begun = time.process_time()
        flattened(html)
        return time.process_time() - begun

    assert seconds(40_000) < max(0.2, 8 * seconds(10_000))
