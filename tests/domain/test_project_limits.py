"""The limits of a project: ceilings of the deployment, and tighter limits of the project."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from vectorlog.domain import project_limits
from vectorlog.domain.project_limits import (
    INITIAL,
    LIMITS,
    Limits,
    ProjectLimitsChanged,
    SomeLimits,
    State,
    evolve,
    limits_of,
    set_ceilings,
    set_limits,
    stream_of,
    tighter,
)

DEFAULTS = Limits(stored_bytes=100, requests_per_second=50)


def after(state: State, *, ceilings: Mapping[str, int | None] = {}, limits: Mapping[str, int | None] = {}) -> State:
    for decide, changes in ((set_ceilings, ceilings), (set_limits, limits)):
        for event in decide(state, 1, "acme", changes):
            state = evolve(state, event)
    return state


@pytest.mark.parametrize(
    ("ceilings", "limits", "expected"),
    [
        ({}, {}, DEFAULTS),
        ({"files": 7}, {}, Limits(stored_bytes=100, requests_per_second=50, files=7)),
        ({"stored_bytes": 0}, {}, Limits(requests_per_second=50)),
        ({}, {"stored_bytes": 9}, Limits(stored_bytes=9, requests_per_second=50)),
        ({}, {"stored_bytes": 0}, DEFAULTS),
        ({}, {"stored_bytes": 999}, DEFAULTS),
        ({"stores": 5}, {"stores": 3}, Limits(stored_bytes=100, requests_per_second=50, stores=3)),
        ({"stores": 0}, {"stores": 3}, Limits(stored_bytes=100, requests_per_second=50, stores=3)),
    ],
)
def test_in_force(ceilings: Mapping[str, int], limits: Mapping[str, int], expected: Limits) -> None:
    """The deployment's limits are in force, unless a ceiling of the project replaces them; the project's own limits
    only tighten that.
    """
    assert after(INITIAL, ceilings=ceilings, limits=limits).in_force(DEFAULTS) == expected


def test_a_ceiling_drops_the_limit_below_it() -> None:
    """What the deployment sets is in force, even if the project had set something tighter before."""
    state = after(after(INITIAL, limits={"files": 1, "stores": 2}), ceilings={"files": 9})
    assert state.in_force(Limits()) == Limits(files=9, stores=2)


def test_taken_back() -> None:
    """None takes back what was set."""
    state = after(INITIAL, ceilings={"files": 9}, limits={"files": 3})
    assert after(state, limits={"files": None}).in_force(Limits()) == Limits(files=9)
    assert after(state, ceilings={"files": None}).in_force(Limits()) == Limits()


def test_nothing_new_is_no_event() -> None:
    """A change that changes nothing leaves no event, and a project is known from its first change on."""
    state = after(INITIAL, ceilings={"files": 9})
    assert set_ceilings(state, 2, "acme", {"files": 9}) == set_limits(state, 2, "acme", {}) == []
    assert (INITIAL.project, state.project) == ("", "acme")
    assert set_limits(state, 2, "acme", {"files": 1}) == [
        ProjectLimitsChanged(2, "acme", SomeLimits(files=9), SomeLimits(files=1))
    ]


def test_tighter() -> None:
    """0 is no limit."""
    assert [tighter(*pair) for pair in ((0, 0), (0, 3), (3, 0), (3, 5))] == [0, 3, 3, 3]


def test_names() -> None:
    """Settings have a field for each limit, and both records of limits have the same ones."""
    settings = type("Settings", (), {f"limit_{name}": str(number) for number, name in enumerate(LIMITS)})()
    assert limits_of(settings) == Limits(*range(len(LIMITS)))
    assert set(SomeLimits(1, 2, 3, 4, 5).values()) == set(LIMITS)


def test_streams() -> None:
    """Each name leads to a stream of its own, whatever it contains."""
    names = ["acme", "Acme", "acme ", "żółć", "a" * 256]
    assert len({stream_of(name) for name in names}) == len(names)
    assert all(project_limits.stream_of(name).startswith("proj_") for name in names)
