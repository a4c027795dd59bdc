"""What is told to others: an event as webhooks and event buses receive it. It has ids and codes, and nothing that a
user wrote, so an erasure need not look for it outside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

OutgoingType: TypeAlias = Literal[
    "vector_store.file.completed",
    "vector_store.file.failed",
    "vector_store.file_batch.completed",
    "vector_store.file_batch.failed",
    "vector_store.file_batch.cancelled",
    "vector_store.expired",
    "vector_store.deleted",
    "file.deleted",
]

TYPES: tuple[OutgoingType, ...] = get_args(OutgoingType)
"""All types of events, in the order in which they are listed."""


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event that is told to others.

    Attributes:
        id: the same whenever the same commit tells it, so that receivers can leave out what they have seen.
        type: what happened.
        at: when, in ms since 1970.
        subject: the id of the thing: of a file, a batch or a store.
        store: the store in which it happened; "" for an uploaded file.
        project: whose it is; "" if the commit does not say, as older ones and those of the sweep.
        code: why a file failed; "" otherwise.
        counts: how the files of a batch ended, by status, with their `total`.
    """

    id: str
    type: OutgoingType
    at: int
    subject: str
    store: str = ""
    project: str = ""
    code: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


def id_of(stream: str, version: int, place: int) -> str:
    """Returns the id of the event that the commit tells at this place."""
    digest = hashlib.sha256(f"vectorlog event\0{stream}\0{version}\0{place}".encode()).hexdigest()
    return f"evt_{digest[:32]}"
