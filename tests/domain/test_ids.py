"""The form of ids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vectorlog.domain import ids
from vectorlog.domain.ids import (
    PREFIX,
    BatchId,
    FileId,
    KeyId,
    Kind,
    StoreFileId,
    StoreId,
    StreamId,
    UploadId,
    UploadPartId,
    group_of,
    is_well_formed,
    make,
    parse_stream,
    store_file_stream,
)

KINDS: list[Kind] = list(PREFIX)


@pytest.mark.parametrize("kind", KINDS)
def test_shape(kind: Kind) -> None:
    """Ids have OpenAI's shapes, and are valid for their own kind and no other."""
    shape = r"file-[0-9A-Za-z]{22}" if kind == "file" else rf"{kind}_[0-9a-f]{{32}}"
    for number in range(50):
        made = make(kind, str(number).encode())
        assert re.fullmatch(shape, made)
        assert [other for other in KINDS if is_well_formed(other, made)] == [kind]


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
    assert not is_well_formed("vs", value)


@pytest.mark.parametrize("value", ["vs_1", "vs_abc-DEF_9", "vs_" + "a" * 64])
def test_accepted(value: str) -> None:
    """Ids that another server made are valid too."""
    assert is_well_formed("vs", value)


def test_stream_of_a_file_in_a_store() -> None:
    """A file has one stream for each store that it is in."""
    assert store_file_stream("vs_1", "file-2") == "vs_1/file-2"
    assert ids.store_file_stream("vs_1", "file-3") != store_file_stream("vs_2", "file-3")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("vs_1", StoreId("vs_1")),
        ("vs_1/file-2", StoreFileId("vs_1", "file-2")),
        ("vsfb_1", BatchId("vsfb_1")),
        ("file-2", FileId("file-2")),
        ("upload_1", UploadId("upload_1")),
        ("upload_1/part_2", UploadPartId("upload_1", "part_2")),
        ("key_3", KeyId("key_3")),
    ],
)
def test_streams_are_read_back(text: str, found: StreamId) -> None:
    """A stream's name says its kind and what it is about, and its text stays as it is stored, byte for byte."""
    assert parse_stream(text) == found
    assert str(found) == text


@pytest.mark.parametrize(
    "text", ["", "vs", "key", "later_1", "vs_1/", "/file-1", "vs_1/file-2/3", "vsfb_1/file-2", "upload_1/"]
)
def test_unknown_streams(text: str) -> None:
    """A stream of a later version's kind is none of ours, and is never taken for a file in a store."""
    assert parse_stream(text) is None
    for kind in (StoreFileId, UploadPartId):
        with pytest.raises(ValueError, match=re.escape(f"'{text}'")):
            kind.parse(text)


@pytest.mark.parametrize("text", ["vs_1", "vs_1/file-2", "vsfb_1", "file-2", "key_3", "later_4/5"])
def test_groups(text: str) -> None:
    """A store's files share its group, so that no store keeps another waiting; any other stream has one of its own."""
    assert group_of(text) == ("vs_1" if text.startswith("vs_1") else text)


_AD_HOC = re.compile(
    r"""stream\w*\.(?:r?split|r?partition|startswith|removeprefix)\(      # commit.stream.split("/"), stream.partition
      | \.(?:startswith|removeprefix)\(\s*\(?\s*["'](?:vs_|vsfb_|file-|key_)["']  # .startswith("vs_")
      | ["']/["']\s+(?:not\s+)?in\s+(?:\w+\.)*stream                    # "/" in commit.stream
    """,
    re.VERBOSE,
)


@pytest.mark.parametrize(
    "line",
    [
        'store, file = decision.stream.split("/")',
        'stream.partition("/")[0]',
        'if commit.stream.startswith("vs_") and',
        'x.startswith("file-")',
        'if "/" not in commit.stream:',
    ],
)
def test_what_counts_as_ad_hoc(line: str) -> None:
    """The search below finds what it is for."""
    assert _AD_HOC.search(line)


def test_streams_are_parsed_here_alone() -> None:
    """Nothing but `domain/ids.py` takes a stream's id apart."""
    package = Path(ids.__file__).parents[1]
    found = [
        f"{path.relative_to(package)}:{number}: {line.strip()}"
        for path in sorted(package.rglob("*.py"))
        if path != Path(ids.__file__)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if _AD_HOC.search(line)
    ]
    assert found == []
