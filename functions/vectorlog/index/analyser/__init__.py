"""The analyser: turns text into the terms by which both editions find it."""

from __future__ import annotations

VERSION = 1
"""Grows when the terms of some text change. An index whose terms are of another version has to be made anew."""
