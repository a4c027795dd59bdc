"""The form of ids."""

from __future__ import annotations

import re

import pytest

from vectorlog.domain import ids
from vectorlog.domain.ids import PREFIX, Kind, begins_right, make, store_file_stream

KINDS: list[Kind] = list(PREFIX)


@pytest.mark.parametrize("kind", KINDS)
def test_shape(kind: Kind) -> None:
    """Ids have OpenAI's shapes, and are valid for their own kind and no other."""
    shape = r"file-[0-9A-Za-z]{22}" if kind == "file" else rf"{kind}_[0-9a-f]{{32}}"
    for number in range(50):
        made = make(kind, str(number).encode())
        assert re.fullmatch(shape, made)
        assert [other for other in KINDS if begins_right(other, made)] == [kind]


@pytest.mark.parametrize("kind", KINDS)
def test_follows_from_its_seed(kind: Kind) -> None:
    """The same seed gives the same id, and another seed or kind another one."""
    assert make(kind, b"seed") == make(kind, b"seed")
    assert len({make(kind, str(number).encode()) for number in range(1000)}) == 1000
    assert len({make(each, b"seed").removeprefix(PREFIX[each]) for each in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "vs_",
        "vs",
        "file-x",
        "vsfb_x",
        "vs_a/b",
        "vs_../x",
        "vs_a b",
        "vs_é",
        "vs_a\n",
        "vs_a.b",
        "vs_--",
        "vs_" + "a" * 65,
        "VS_a",
        " vs_a",
    ],
)
def test_refused(value: str) -> None:
    """Nothing that could be another stream, another path or another kind is a valid id."""
    assert not begins_right("vs", value)


@pytest.mark.parametrize("value", ["vs_1", "vs_abc-DEF_9", "vs_" + "a" * 64])
def test_accepted(value: str) -> None:
    """Ids that another server made are valid too."""
    assert begins_right("vs", value)


def test_stream_of_a_file_in_a_store() -> None:
    """A file has one stream for each store that it is in."""
    assert store_file_stream("vs_1", "file-2") == "vs_1/file-2"
    assert ids.store_file_stream("vs_1", "file-3") != store_file_stream("vs_2", "file-3")
