"""What a request decides, appended and shown: the rows that its commits will change are read while these are on their way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vectorlog.event_log.event_log import Commit
from vectorlog.event_log.streams import Decision, Outcome, Plan
from vectorlog.use_cases.edition import Edition
from vectorlog.views.views import Foreseen


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of plans, in their order, and the rows as they stood before."""

    outcomes: list[Outcome[Any, Any]]
    foreseen: Foreseen

    def show(self, edition: Edition) -> None:
        """Brings the rows up to it.

        Raises:
            Unavailable: as `Views.project`.
        """
        edition.views.show(self.outcomes, self.foreseen)


def decide(edition: Edition, plans: Sequence[Plan[Any, Any]], *, meta: str = "{}", unshown: Sequence[Plan[Any, Any]] = ()) -> Decided:
    """Decides all plans and appends what was decided. `unshown`: those that no request waits to see.

    Raises:
        Conflict, KeyReused: as `Streams.decide_all`.
    """
    foreseen: Foreseen = {}
    shown = {plan.stream for plan in plans}

    def append(put: Callable[[], list[Commit]], decisions: Sequence[Decision[Any, Any]]) -> list[Commit]:
        standing, rows = edition.together(put, lambda: edition.views.foresee([each for each in decisions if each.stream in shown]))
        foreseen.update(rows)
        found: list[Commit] = standing
        return found

    outcomes = edition.streams.decide_all([*plans, *unshown], meta=meta, beside=append)
    return Decided(outcomes[: len(plans)], foreseen)


def make(
    edition: Edition, plans: Sequence[Plan[Any, Any]], *, meta: str = "{}", unshown: Sequence[Plan[Any, Any]] = ()
) -> list[Outcome[Any, Any]]:
    """Decides, appends and shows; gives what became of `plans`.

    Raises:
        Conflict, KeyReused: as `Streams.decide_all`.
        Unavailable: as `Views.project`.
    """
    decided = decide(edition, plans, meta=meta, unshown=unshown)
    decided.show(edition)
    return decided.outcomes
