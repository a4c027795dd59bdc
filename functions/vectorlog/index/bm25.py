"""Parameters of BM25, which both indexes use."""

from __future__ import annotations

K1 = 1.2
B = 0.75
"""Lucene's defaults."""
