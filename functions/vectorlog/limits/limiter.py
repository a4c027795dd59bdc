"""What a deployment needs to apply limits."""

from __future__ import annotations

from dataclasses import dataclass, field

from vectorlog.domain.project_limits import Limits
from vectorlog.limits.memory import MemoryWindows
from vectorlog.limits.request_rate import RequestRate
from vectorlog.limits.windows import Windows
from vectorlog.recent import Recent

REMEMBERED_MS = 30_000
"""How long a process remembers a project's limits, and so how long another process's change may take to be seen."""


@dataclass(frozen=True, slots=True)
class Limiter:
    """The limits of the deployment, and the counts by which they are applied.

    Attributes:
        defaults: the limits of every project that has no own ones.
        windows: counts of files.
        requests: counts of requests.
        known: the limits in force, by project.
    """

    defaults: Limits = Limits()
    windows: Windows = field(default_factory=MemoryWindows)
    requests: RequestRate = field(default_factory=lambda: RequestRate(MemoryWindows()))
    known: Recent[Limits] = field(default_factory=lambda: Recent(REMEMBERED_MS))
