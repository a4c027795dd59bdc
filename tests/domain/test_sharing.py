"""Who holds which role on a store, and what the role allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vectorlog.domain import vector_store
from vectorlog.domain.errors import Invalid
from vectorlog.domain.sharing import (
    MAX_USERS,
    RIGHTS,
    Grantable,
    Held,
    Role,
    Sharing,
    VectorStoreShared,
    VectorStoreUnshared,
    decide_sharing,
    held_by_name,
    role_of,
    shared,
)
from vectorlog.domain.tenancy import Caller, Owner
from vectorlog.domain.vector_store import State, VectorStoreDeleted, VectorStoreExpired, evolve

ANN = Owner("acme", "ann")


def shares(*granted: tuple[str | None, Grantable | None]) -> Sharing:
    """The sharing after these grants in their order; None takes a role back."""
    found = Sharing()
    for user, role in granted:
        found = shared(found, VectorStoreShared(1, user, role) if role else VectorStoreUnshared(1, user))
    return found


@pytest.mark.parametrize(
    ("caller", "role"),
    [
        (Caller("acme", "ann"), "owner"),
        (Caller("acme"), "owner"),
        (Caller("acme", "bob"), "writer"),
        (Caller("acme", "carl"), "reader"),
        (Caller("acme", "acme"), "reader"),
        (Caller("other"), None),
        (Caller("other", "ann"), None),
        (Caller("other", "bob"), None),
    ],
    ids=str,
)
def test_roles(caller: Caller, role: Role | None) -> None:
    """The owner and the project own a store; an end user holds what was granted to them or to the team; names of
    another project's end users hold nothing.
    """
    assert role_of(ANN, shares(("bob", "writer"), (None, "reader")), caller) == role


def test_without_a_team() -> None:
    """Without the team's grant, the rest of the project holds nothing, even under the project's own name."""
    granted = shares(("bob", "reader"))
    assert role_of(ANN, granted, Caller("acme", "carl")) is None
    assert role_of(Owner("acme"), granted, Caller("acme", "acme")) is None
    assert role_of(Owner("acme"), granted, Caller("acme", "bob")) == "reader"


@pytest.mark.parametrize(
    ("own", "team", "held"),
    [
        (None, None, Held(None, "none")),
        ("reader", None, Held("reader", "grant")),
        (None, "reader", Held("reader", "team")),
        ("reader", "reader", Held("reader", "grant")),
        ("reader", "writer", Held("writer", "team")),
        ("writer", "reader", Held("writer", "grant")),
        ("writer", "writer", Held("writer", "grant")),
    ],
)
def test_highest_role(own: Grantable | None, team: Grantable | None, held: Held) -> None:
    """The higher role counts, and on a tie the end user's own."""
    users: dict[str, Grantable] = {"bob": own} if own else {}
    assert held_by_name(ANN, Sharing(team, users), "bob") == held
    assert held_by_name(ANN, Sharing(team, users), "ann") == Held("owner", "owner")
    assert held_by_name(Owner("acme"), Sharing(team, users), "acme") == Held("owner", "owner")


def test_rights() -> None:
    """Each role includes the one below it, and only the owner shares."""
    assert RIGHTS["reader"] < RIGHTS["writer"] < RIGHTS["owner"]
    assert RIGHTS["owner"] - RIGHTS["writer"] == {"share"}
    assert RIGHTS["reader"] == {"read"}


def test_decisions() -> None:
    """A grant replaces another role of the same grantee; one that is held, or taken back without being held, changes
    nothing.
    """
    reader, writer = VectorStoreShared(1, "bob", "reader"), VectorStoreShared(2, "bob", "writer")
    none = VectorStoreUnshared(3, "bob")
    granted = shares(("bob", "reader"))
    assert decide_sharing(Sharing(), reader) == [reader]
    assert decide_sharing(granted, reader) == []
    assert decide_sharing(granted, writer) == [writer]
    assert decide_sharing(granted, none) == [none]
    assert decide_sharing(Sharing(), none) == []
    assert decide_sharing(granted, VectorStoreUnshared(3, None)) == []
    assert shared(granted, writer).users == {"bob": "writer"}
    assert shares((None, "writer"), ("bob", "reader"), (None, None)) == Sharing(None, {"bob": "reader"}, (None,))


def test_limit() -> None:
    """One end user too many is refused; another role for one of them, or the team's, is not."""
    full = shares(*((f"u{number}", "reader") for number in range(MAX_USERS)))
    with pytest.raises(Invalid, match=str(MAX_USERS)):
        decide_sharing(full, VectorStoreShared(1, "more", "reader"))
    assert decide_sharing(full, VectorStoreShared(1, "u3", "writer"))
    assert decide_sharing(full, VectorStoreShared(1, None, "writer"))
    assert decide_sharing(shared(full, VectorStoreUnshared(1, "u3")), VectorStoreShared(1, "more", "reader"))


def test_former() -> None:
    """Those who lost their role last are remembered until they hold one again, and no more than the limit."""
    lost = shares(("bob", "reader"), ("bob", None))
    assert (lost.was_shared_to("bob"), lost.was_shared_to("carl")) == (True, False)
    assert shared(lost, VectorStoreShared(1, "bob", "reader")).former == ()
    assert shares((None, "reader"), (None, None)).was_shared_to("carl")
    many = shares(
        *(each for number in range(MAX_USERS + 2) for each in ((f"u{number}", "reader"), (f"u{number}", None)))
    )
    assert (len(many.former), many.was_shared_to("u0"), many.was_shared_to("u2")) == (MAX_USERS, False, True)


def test_store() -> None:
    """A store keeps its grants when it expires; a deleted one is shared with nobody any more, and takes no grant."""
    state = evolve(State(owner=ANN), VectorStoreShared(1, "bob", "reader"))
    assert state.role_of(Caller("acme", "bob")) == "reader"
    assert evolve(state, VectorStoreExpired(2)).role_of(Caller("acme", "bob")) == "reader"
    deleted = evolve(state, VectorStoreDeleted(2))
    assert vector_store.share(deleted, VectorStoreShared(3, "carl", "reader")) == []
    assert vector_store.share(deleted, VectorStoreUnshared(3, "bob")) == []
    assert State().role_of(Caller("acme")) is None
    assert replace(state, owner=Owner("other")).role_of(Caller("acme", "bob")) is None
