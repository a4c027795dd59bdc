"""A project as its administrators see it: the limits of what it may hold and send."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeAlias, assert_never

from vectorlog.domain.ids import PREFIX


@dataclass(frozen=True, slots=True)
class Limits:
    """What a project may hold and send; 0 is no limit.

    Attributes:
        stored_bytes: the bytes of its uploaded files.
        files: its uploaded files.
        stores: its vector stores.
        requests_per_second: its requests, in each second of the clock.
        files_per_minute: the files that it attaches to stores, in each minute of the clock.
    """

    stored_bytes: int = 0
    files: int = 0
    stores: int = 0
    requests_per_second: int = 0
    files_per_minute: int = 0


@dataclass(frozen=True, slots=True)
class OwnLimits:
    """The limits that a project has of its own; None where the deployment's is in force. See `Limits`."""

    stored_bytes: int | None = None
    files: int | None = None
    stores: int | None = None
    requests_per_second: int | None = None
    files_per_minute: int | None = None

    def over(self, deployment: Limits) -> Limits:
        """Returns the limits in force: these, and the deployment's where there is none."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(deployment, **{name: number for name, number in own.items() if number is not None})


# Events


@dataclass(frozen=True, slots=True)
class ProjectLimitsChanged:
    """The project's own limits were changed. `limits` are all of them."""

    at: int
    project: str
    limits: OwnLimits


Event: TypeAlias = ProjectLimitsChanged

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of a project; `project` is empty until it has limits of its own."""

    project: str = ""
    limits: OwnLimits = OwnLimits()


INITIAL = State()


def stream_of(project: str) -> str:
    """Returns the id of a project's stream. It is derived from the project's name, which may hold any character."""
    return PREFIX["proj"] + hashlib.sha256(b"vectorlog project\0" + project.encode()).hexdigest()[:32]


# Evolve


def evolve(state: State, event: Event) -> State:  # noqa: ARG001  # every event so far says all
    """Returns the state after one more event."""
    match event:
        case ProjectLimitsChanged():
            return State(event.project, event.limits)
        case _ as never:
            assert_never(never)


# Decisions


def change_limits(state: State, at: int, project: str, changes: Mapping[str, int | None]) -> Sequence[Event]:
    """Changes some of a project's own limits, by the fields of `OwnLimits`; decides nothing if that changes nothing."""
    limits = replace(state.limits, **changes)
    return [] if limits == state.limits else [ProjectLimitsChanged(at, project, limits)]
