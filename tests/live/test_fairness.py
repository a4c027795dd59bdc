"""One project cannot keep another from the readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fairness

pytestmark = pytest.mark.long


def test_beside_a_flood(tmp_path: Path) -> None:
    """A file of another project is ingested while many stores and slow documents of a flooder wait.

    Alone it takes less than a tenth of a second, and a document of the flooder many seconds. The bound leaves room for
    a busy machine; `benchmarks/fairness.py` measures it.
    """
    _, beside = fairness.measure(tmp_path, stores=100, documents=16, rounds=5)
    assert max(beside) < 5
