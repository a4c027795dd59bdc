"""What attributes say of a file's place."""

from __future__ import annotations

import io
import re

import pytest

from vectorlog.cli.attributes import value_of
from vectorlog.syncing.described import BadPattern, Description, pattern_of
from vectorlog.syncing.items import Item


def item(path: str, modified: int | None = None) -> Item:
    return Item(path, 1, modified, "", lambda: io.BytesIO(b"x"))


def test_place() -> None:
    """Path, folder, extension and time, as far as there are."""
    assert Description().attributes(item("a/b/c.TXT", 7), sha256="1") == {
        "path": "a/b/c.TXT",
        "folder": "a/b",
        "extension": "txt",
        "modified": 7,
        "sha256": "1",
    }
    assert Description().attributes(item(".profile")) == {"path": ".profile"}


def test_pattern() -> None:
    """Names in a pattern become attributes, numbers as numbers; a path that does not fit has none."""
    description = Description({"team": "x"}, pattern_of("{customer}/{year}/**"), value_of)
    assert description.attributes(item("acme/2024/sub/a")) == {
        "path": "acme/2024/sub/a",
        "folder": "acme/2024/sub",
        "customer": "acme",
        "year": 2024,
        "team": "x",
    }
    assert description.attributes(item("a")) == {"path": "a", "team": "x"}


@pytest.mark.parametrize("text", ["a/*", "{a}/{a}", "{path}/*", "{a b}/*", "{}/x"])
def test_bad_patterns(text: str) -> None:
    """A pattern without a name, or with one twice, is refused."""
    with pytest.raises(BadPattern):
        pattern_of(text)


def test_other_characters_are_themselves() -> None:
    """Only `*`, `**` and names in braces mean something."""
    assert re.fullmatch(pattern_of("a.b+c/{n}.[x]"), "a.b+c/1.[x]")
    assert not re.fullmatch(pattern_of("a.b/{n}"), "axb/1")


def test_too_many() -> None:
    """More attributes than a file can have are told."""
    with pytest.raises(ValueError, match="it would have 17 attributes, and a file has at most 16"):
        Description({str(number): 1 for number in range(16)}).attributes(item("a"))


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1), ("-2.5", -2.5), ("true", True), ('"1"', "1"), ("01", "01"), ("de", "de"), ("", ""), ("1e5", "1e5")],
)
def test_values(text: str, value: object) -> None:
    """Numbers and booleans are what they look like; quotes make a text of them."""
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)
