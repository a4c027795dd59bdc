"""docs/deploying.md and docs/runbooks.md describe the stack."""

from __future__ import annotations

from typing import Any

import pytest

from tools import guide_tables

pytestmark = pytest.mark.infra


def test_tables(stack: Any) -> None:
    """Each setting is in the guide with its default, and each alarm in the runbooks with its severity; `python -m
    tools.guide_tables` writes them.
    """
    for page, text in guide_tables.written(stack.json).items():
        assert text == page.read_text()
    assert guide_tables.ALARMS.read_text().count("\n| [`opensearch-") >= 8, "the alarms' table is there"
