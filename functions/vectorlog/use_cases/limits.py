"""The limits of projects: what they are, changing them, and refusing what exceeds them.

Requests and files a minute are counted when they are asked for, whether or not the request then succeeds. What a
project holds is counted by the projection; requests that arrive together may exceed such a limit by what they add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vectorlog.deployment import Deployment
from vectorlog.domain import project_limits
from vectorlog.domain.errors import Forbidden, QuotaReached, RateLimited
from vectorlog.domain.project_limits import Event, Limits, State, stream_of, tighter
from vectorlog.event_log.codec import PROJECT
from vectorlog.limits.request_rate import Allowance
from vectorlog.use_cases.actor import Actor

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class LimitsView:
    """The limits that are in force for a project."""

    project: str
    limits: Limits


def get(deployment: Deployment, project: str) -> LimitsView:
    """Returns the limits of a project, from its stream."""
    state = deployment.streams.load(PROJECT, stream_of(project)).state
    return LimitsView(project, state.in_force(deployment.limits.defaults))


def change(
    deployment: Deployment, actor: Actor, project: str, changes: Mapping[str, int | None], *, ceilings: bool
) -> LimitsView:
    """Changes some of a project's limits, by their names; None takes back what was set. This process applies them from
    now on, others within `REMEMBERED_MS`.

    Args:
        deployment: whose project it is.
        actor: who changes them.
        project: its name.
        changes: the new values.
        ceilings: whether an administrator of the deployment changes them, rather than one of the project.

    Raises:
        Forbidden: an administrator of the project would loosen a limit that the deployment has set.
        KeyReused: the Idempotency-Key was used before with another body.
    """
    at, defaults = deployment.clock(), deployment.limits.defaults

    def decide(state: State) -> Sequence[Event]:
        if ceilings:
            return project_limits.set_ceilings(state, at, project, changes)
        for name, number in changes.items():
            ceiling = getattr(state.ceiling(defaults), name)
            if number is not None and tighter(number, ceiling) != number:
                raise Forbidden(
                    f"You have insufficient permissions for this operation. The limit {name} of project '{project}' is "
                    f"{ceiling:,} at most; only a key for all projects can raise that."
                )
        return project_limits.set_limits(state, at, project, changes)

    outcome = deployment.streams.decide(PROJECT, stream_of(project), decide, meta=actor.meta, key=actor.key)
    deployment.limits.known.forget(project)
    return LimitsView(project, outcome.state.in_force(defaults))


def count_request(deployment: Deployment, project: str) -> Allowance | None:
    """Counts a request; None if there is no limit.

    Raises:
        RateLimited: the project has sent as many requests as it may in this second.
    """
    name, most = "requests_per_second", _in_force(deployment, project).requests_per_second
    if not most:
        return None
    allowance = deployment.limits.requests.count(project, most, deployment.clock())
    if not allowance.admitted:
        raise RateLimited(
            f"Rate limit reached for {name}: project '{project}' may send {most:,} requests a second. Please try again "
            f"in {allowance.reset_ms} ms.",
            limit=name,
            most=most,
            remaining=0,
            reset_ms=allowance.reset_ms,
        )
    return allowance


def count_files(deployment: Deployment, project: str, files: int) -> Allowance | None:
    """Counts files that are to be attached; None if there is no limit.

    Raises:
        RateLimited: the project has attached as many files as it may in this minute.
        QuotaReached: so many files at once are never possible.
    """
    name, most = "files_per_minute", _in_force(deployment, project).files_per_minute
    if not most or not files:
        return None
    if files > most:
        raise QuotaReached(
            f"Limit reached for {name}: project '{project}' may attach {most:,} files a minute, and this request names "
            f"{files:,}. Send smaller batches.",
            limit=name,
            most=most,
            remaining=most,
        )
    now = deployment.clock()
    until, take = now - now % MINUTE_MS + MINUTE_MS, deployment.limits.windows.take
    count = take(f"files#{project}", until, files, most)
    if count is None:
        remaining = most - (take(f"files#{project}", until, 0, most) or 0)
        raise RateLimited(
            f"Rate limit reached for {name}: project '{project}' may attach {most:,} files a minute, and {remaining:,} "
            f"of them are left. Please try again in {(until - now) / 1000:.0f} seconds.",
            limit=name,
            most=most,
            remaining=remaining,
            reset_ms=until - now,
        )
    return Allowance(True, most, most - count, until - now)


def require_room(
    deployment: Deployment, project: str, *, stored_bytes: int = 0, files: int = 0, stores: int = 0
) -> None:
    """Checks that a project may hold this much more. It reads nothing if the project has no such limit.

    Raises:
        QuotaReached: it may not.
    """
    limits, more = _in_force(deployment, project), {"stored_bytes": stored_bytes, "files": files, "stores": stores}
    limited = {name: most for name, number in more.items() if number and (most := getattr(limits, name))}
    if not limited:
        return
    held = deployment.views.project_counts(project)
    for name, most in limited.items():
        if held[name] + more[name] > most:
            raise QuotaReached(
                f"Limit reached for {name}: project '{project}' may hold {most:,}, it holds {held[name]:,}, and this "
                f"request adds {more[name]:,}. Delete something, or have the limit raised.",
                limit=name,
                most=most,
                remaining=max(0, most - held[name]),
            )


def _in_force(deployment: Deployment, project: str) -> Limits:
    found = deployment.limits.known.get(project, deployment.clock(), lambda: get(deployment, project).limits)
    return found or deployment.limits.defaults
