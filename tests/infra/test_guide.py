"""docs/deploying.md describes the stack."""

from __future__ import annotations

from typing import Any

import pytest

from tools import guide_tables

pytestmark = pytest.mark.infra


def test_tables(stack: Any) -> None:
    """Each setting is in the guide with its default, and each alarm with its remedy; `python -m tools.guide_tables`
    writes them.
    """
    page = guide_tables.PAGE.read_text()
    assert guide_tables.written(page, stack.json) == page
    assert page.count("\n| `opensearch-") >= 5, "the alarms' table is there"
