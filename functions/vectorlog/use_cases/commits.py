"""Decides and appends a request's plans and projects the commits. The rows that the commits will change are read while
the commits are being appended.
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
    """The outcomes of plans, in their order, and the rows as they were before."""

    outcomes: list[Outcome[Any, Any]]
    prefetched: Prefetched

    def show(self, deployment: Deployment) -> None:
        """Projects the outcomes.

        Raises:
            Unavailable: see `Views.apply`.
        """
        deployment.views.show(self.outcomes, self.prefetched)


def decide(
    deployment: Deployment, plans: Sequence[Plan[Any, Any]], *, meta: str = "{}", unshown: Sequence[Plan[Any, Any]] = ()
) -> CommitResult:
    """Decides all plans and appends the commits. The feed projects those of `unshown`, because no request waits to see
    their rows; their outcomes are not returned.

    Raises:
        Conflict: see `Streams.decide_all`.
        KeyReused: see `Streams.decide_all`.
    """
    prefetched: Prefetched = {}
    shown = {plan.stream for plan in plans}

    def append(put: Callable[[], list[Commit]], decisions: Sequence[Decision[Any, Any]]) -> list[Commit]:
        stored, rows = deployment.together(
            put, lambda: deployment.views.prefetch([each for each in decisions if each.stream in shown])
        )
        prefetched.update(rows)
        return stored

    outcomes = deployment.streams.decide_all([*plans, *unshown], meta=meta, append_hook=append)
    return CommitResult(outcomes[: len(plans)], prefetched)


def decide_and_show(
    deployment: Deployment, plans: Sequence[Plan[Any, Any]], *, meta: str = "{}", unshown: Sequence[Plan[Any, Any]] = ()
) -> list[Outcome[Any, Any]]:
    """Decides all plans, appends the commits, and projects those of `plans`; returns the outcomes of `plans`.

    Raises:
        Conflict: see `Streams.decide_all`.
        KeyReused: see `Streams.decide_all`.
        Unavailable: see `Views.apply`.
    """
    decided = decide(deployment, plans, meta=meta, unshown=unshown)
    decided.show(deployment)
    return decided.outcomes
