"""The port of what measures embedding: how long the calls of models take, and what they are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

Purpose = Literal["documents", "query"]
"""What texts are embedded for: to be found, or to search."""


class Meter(Protocol):
    """Where calls of embedding models are reported. It can be used from several threads, and raises no errors."""

    def embedded(self, model: str, purpose: Purpose, texts: Sequence[str], seconds: float) -> None:
        """Reports a call that returned vectors; `model` is its full name, `seconds` include retries."""
        ...


class NoMeter:
    """Implements Meter by measuring nothing. The AWS edition writes log lines (`runtime/aws/trail.py`)."""

    def embedded(self, model: str, purpose: Purpose, texts: Sequence[str], seconds: float) -> None:
        """See Meter."""
