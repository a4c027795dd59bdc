"""What a sync did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Done:
    """What a sync did: numbers of files, and what failed.

    Attributes:
        added, changed, moved, retagged, removed, unchanged: numbers of files.
        failed: paths and reasons.
        left: paths of files that are still being ingested, or that others changed meanwhile.
        stopped: it was stopped before its end.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    retagged: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    stopped: bool = False
