"""The limits of a project: what it may hold and send.

Administrators of the deployment set ceilings, and those of the project may set tighter limits.
"""

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


LIMITS: tuple[str, ...] = tuple(each.name for each in fields(Limits))
"""The names of all limits."""


def limits_of(settings: object) -> Limits:
    """Returns the limits that are set by the fields `limit_…` of an edition's settings."""
    return Limits(**{name: int(getattr(settings, f"limit_{name}")) for name in LIMITS})


@dataclass(frozen=True, slots=True)
class SomeLimits:
    """Values for some of the limits (see `Limits`); None for the others."""

    stored_bytes: int | None = None
    files: int | None = None
    stores: int | None = None
    requests_per_second: int | None = None
    files_per_minute: int | None = None

    def values(self) -> dict[str, int]:
        """Returns the values by the names of their limits."""
        return {name: number for name in LIMITS if (number := getattr(self, name)) is not None}


# Events


@dataclass(frozen=True, slots=True)
class ProjectLimitsChanged:
    """The limits of a project were changed.

    Attributes:
        at: when, in ms since 1970.
        project: its name.
        ceilings: all that the administrators of the deployment have set for it; the deployment's limits otherwise.
        limits: all that the project's own administrators have set, within the ceilings.
    """

    at: int
    project: str
    ceilings: SomeLimits
    limits: SomeLimits


@dataclass(frozen=True, slots=True)
class ProjectLimitsErased:
    """The project was erased: every older commit is removed, and nothing is kept. The deployment's limits apply."""

    at: int


Event: TypeAlias = ProjectLimitsChanged | ProjectLimitsErased

# State


@dataclass(frozen=True, slots=True)
class State:
    """State of a project; `project` is empty until its limits are changed."""

    project: str = ""
    ceilings: SomeLimits = SomeLimits()
    limits: SomeLimits = SomeLimits()

    def ceiling(self, defaults: Limits) -> Limits:
        """Returns the largest limits that the project's own administrators may set; `defaults` are the deployment's."""
        return replace(defaults, **self.ceilings.values())

    def in_force(self, defaults: Limits) -> Limits:
        """Returns the limits that are applied; `defaults` are the deployment's."""
        ceiling = self.ceiling(defaults)
        own = {name: tighter(number, getattr(ceiling, name)) for name, number in self.limits.values().items()}
        return replace(ceiling, **own)


INITIAL = State()


def tighter(one: int, other: int) -> int:
    """Returns the tighter of two values of a limit, of which 0 is none."""
    return min(one, other) if one and other else one or other


def stream_of(project: str) -> str:
    """Returns the id of a project's stream. It is derived from the project's name, which may hold any character."""
    return PREFIX["proj"] + hashlib.sha256(b"vectorlog project\0" + project.encode()).hexdigest()[:32]


# Evolve


def evolve(_state: State, event: Event) -> State:
    """Returns the state after one more event."""
    match event:
        case ProjectLimitsChanged():
            return State(event.project, event.ceilings, event.limits)
        case ProjectLimitsErased():
            return INITIAL
        case _ as never:
            assert_never(never)


# Decisions


def set_ceilings(state: State, at: int, project: str, changes: Mapping[str, int | None]) -> Sequence[Event]:
    """Changes limits as an administrator of the deployment, by their names; None takes the deployment's again. What the
    project's own administrators had set for these limits is dropped. Decides nothing if that changes nothing.
    """
    limits = replace(state.limits, **dict.fromkeys(changes))
    return _changed(state, ProjectLimitsChanged(at, project, replace(state.ceilings, **changes), limits))


def set_limits(state: State, at: int, project: str, changes: Mapping[str, int | None]) -> Sequence[Event]:
    """Changes limits as an administrator of the project, by their names; None takes the ceiling again. Decides nothing
    if that changes nothing.
    """
    return _changed(state, ProjectLimitsChanged(at, project, state.ceilings, replace(state.limits, **changes)))


def erase(state: State, at: int) -> Sequence[Event]:
    """Has the limits of a project and their history erased; decides nothing if there are none."""
    return [] if state == INITIAL else [ProjectLimitsErased(at)]


def _changed(state: State, event: ProjectLimitsChanged) -> Sequence[Event]:
    return [] if (event.ceilings, event.limits) == (state.ceilings, state.limits) else [event]
