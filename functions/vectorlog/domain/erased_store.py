"""What is kept of an erased store."""

from __future__ import annotations

from dataclasses import dataclass

from vectorlog.domain.tenancy import Owner


@dataclass(frozen=True, slots=True)
class VectorStoreErased:
    """The store was deleted, and its history is erased: every older commit is removed. The event has all that is kept
    of it; the model is needed to remove chunks.
    """

    at: int
    owner: Owner
    created_at: int
    model: str
    dimensions: int
    ended_at: int
