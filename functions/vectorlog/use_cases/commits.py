"""What a request decides, appended and shown: the rows that its commits will change are read while these are on their
way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vectorlog.deployment import Deployment
from vectorlog.event_log.decision import Decision
from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Outcome, Plan
from vectorlog.views.views import Prefetched


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of plans, in their order, and the rows as they stood before."""

    outcomes: list[Outcome[Any, Any]]
    prefetched: Prefetched

    def show(self, deployment: Deployment) -> None:
        """Brings the rows up to it.

        Raises:
            Unavailable: as `Views.project`.
        """
        deployment.views.show(self.outcomes, self.prefetched)


def decide(
    deployment: Deployment, plans: Sequence[Plan[Any, Any]], *, meta: str = "{}", unshown: Sequence[Plan[Any, Any]] = ()
) -> CommitResult:
    """Decides all plans and appends what was decided. `unshown`: those that no request waits to see.

    Raises:
        Conflict, KeyReused: as `Streams.decide_all`.
    """
    prefetched: Prefetched = {}
    shown = {plan.stream for plan in plans}

    def append(put: Callable[[], list[Commit]], decisions: Sequence[Decision[Any, Any]]) -> list[Commit]:
        standing, rows = deployment.together(
            put, lambda: deployment.views.prefetch([each for each in decisions if each.stream in shown])
        )
        prefetched.update(rows)
        return standing

    outcomes = deployment.streams.decide_all([*plans, *unshown], meta=meta, append_hook=append)
    return CommitResult(outcomes[: len(plans)], prefetched)


def make(
    deployment: Deployment, plans: Sequence[Plan[Any, Any]], *, meta: str = "{}", unshown: Sequence[Plan[Any, Any]] = ()
) -> list[Outcome[Any, Any]]:
    """Decides, appends and shows; gives what became of `plans`.

    Raises:
        Conflict, KeyReused: as `Streams.decide_all`.
        Unavailable: as `Views.project`.
    """
    decided = decide(deployment, plans, meta=meta, unshown=unshown)
    decided.show(deployment)
    return decided.outcomes
