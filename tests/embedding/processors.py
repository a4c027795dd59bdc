"""What tests need of the processor that they run on."""

from __future__ import annotations

import platform

import pytest

from vectorlog.embedding.encoder import multiplies_signed

multiplies_either = pytest.mark.skipif(
    not multiplies_signed(platform.machine()),
    reason="this processor has no VNNI: products with signed weights overflow here, so that nobody computes them",
)
"""Marks a test that compares both forms of a graph."""
