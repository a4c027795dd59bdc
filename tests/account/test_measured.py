"""The measure itself; it needs no account."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.account.measured import Measured, nearest, percentile, recall, texts


def test_texts() -> None:
    """All differ, and two runs have the same."""
    assert len(set(texts(2_000))) == 2_000
    assert texts(20) == texts(20)


def test_nearest() -> None:
    """Nearness is the angle, however long vectors are."""
    vectors = np.array([[10.0, 0.0], [0.5, 0.5], [0.0, 1.0]], np.float32)
    assert nearest(vectors, np.array([1.0, 0.1], np.float32), 2) == {0, 1}


def test_recall() -> None:
    """What is missing lowers it, and what is found besides does not raise it."""
    assert recall([{1, 2}, {3, 4}], [{1, 2, 9}, {3}]) == 0.75


def test_percentile() -> None:
    """Of a hundred times, the 95th percentile is the 95th."""
    assert percentile([float(each) for each in range(1, 101)], 95) == 95
    assert percentile([7.0], 50) == 7


def test_report(tmp_path: Path) -> None:
    """A run leaves its numbers behind."""
    Measured(10, 0.5, 1.0, 2.0).write(tmp_path / "made" / "report.json")
    assert json.loads((tmp_path / "made" / "report.json").read_text())["recall"] == 0.5
