"""docs/formats.md says what is read of each format."""

from __future__ import annotations

import pytest

from tools import format_pages
from vectorlog.ingest.formats.format import Format
from vectorlog.ingest.formats.registry import FORMATS


def test_the_page_is_current() -> None:
    """docs/formats.md follows from the registry; after a change, run `python -m tools.format_pages --write`."""
    assert format_pages.PAGE.read_text() == format_pages.document(FORMATS)


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.label)
def test_each_format_says_what_it_reads(each: Format) -> None:
    """No format leaves open what is kept and what is left out; both are sentences."""
    assert each.keeps.endswith(".")
    assert each.leaves_out.endswith(".")
