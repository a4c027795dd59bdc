"""Parameters of BM25, which both indexes use."""

from __future__ import annotations

K1 = 1.2
B = 0.75
"""Lucene's defaults."""

NAMES = 3
"""Words of a filename with which a text is indexed, as a rule. A text that is the query is that much longer than it."""
