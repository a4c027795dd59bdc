"""Visibility of things."""

from __future__ import annotations

import pytest

from vectorlog.domain.tenancy import Caller, Owner


@pytest.mark.parametrize(
    ("caller", "owner", "sees"),
    [
        (Caller("p"), Owner("p"), True),
        (Caller("p"), Owner("p", "ann"), True),
        (Caller("p", "ann"), Owner("p", "ann"), True),
        (Caller("p", "ann"), Owner("p", "bob"), False),
        (Caller("p", "ann"), Owner("p"), False),
        (Caller("p", "p"), Owner("p"), False),
        (Caller("q"), Owner("p"), False),
        (Caller("q"), Owner("p", "ann"), False),
        (Caller("q", "ann"), Owner("p", "ann"), False),
    ],
)
def test_sees(caller: Caller, owner: Owner, sees: bool) -> None:
    """A key alone sees all of its project; an end user sees what they created; nobody sees another project."""
    assert caller.sees(owner) is sees


@pytest.mark.parametrize("caller", [Caller("p"), Caller("p", "ann")])
def test_sees_what_it_makes(caller: Caller) -> None:
    """A caller owns what they create."""
    assert caller.sees(caller.as_owner())


def test_name() -> None:
    """The owner's name is the end user's, or the project's if it acted for itself."""
    assert (Owner("p").name, Owner("p", "ann").name) == ("p", "ann")
