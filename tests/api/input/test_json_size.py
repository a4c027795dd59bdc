"""The limits of a JSON body, which hold before anything works on it."""

from __future__ import annotations

import json
import time

import pytest

from vectorlog.api.input import json_size, parse
from vectorlog.api.input.json_size import MAX_DEPTH, MAX_MEMBERS
from vectorlog.api.input.schemas import BatchCreation, StoreCreation
from vectorlog.domain.errors import Invalid


def keys(number: int) -> bytes:
    return b"{" + b",".join(b'"k%d":1' % each for each in range(number)) + b"}"


def test_the_largest_batch_is_accepted() -> None:
    """A batch of 2,000 files, each with all that a file may have, is within the limits."""
    static = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}
    files = [
        {
            "file_id": f"file-{number:022}",
            "attributes": {f"key,{{[{each}": 'a "quoted", {strange} \\' for each in range(16)},
            "chunking_strategy": {"type": "static", "static": static},
        }
        for number in range(2000)
    ]
    assert len(parse.json_body(BatchCreation, json.dumps({"files": files}).encode()).items) == 2000


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        (keys(MAX_MEMBERS + 1), "100,000 keys and items"),
        (b"[" + b"1," * MAX_MEMBERS + b"1]", "100,000 keys and items"),
        (b'{"a":[' + b"{}," * MAX_MEMBERS, "100,000 keys and items"),
        (b'"a"' * (3 * MAX_MEMBERS) + b"," * MAX_MEMBERS + b"[", "100,000 keys and items"),
        (b"[" * (MAX_DEPTH + 1), "64 levels"),
        (b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1), "64 levels"),
        (b'{"\\\\":[' * MAX_DEPTH, "64 levels"),
    ],
)
def test_too_much_is_refused(body: bytes, limit: str) -> None:
    """A body with too many members or levels is a 400 that says the limit, valid JSON or not."""
    with pytest.raises(Invalid, match=limit) as caught:
        parse.json_body(StoreCreation, body)
    assert caught.value.message.startswith("We could not parse the JSON body of your request: it ")


@pytest.mark.parametrize("text", [",[{" * 200_000, '\\",[' * 200_000, "\\\\" * 200_000, "\\" + '",' * 200_000])
def test_text_does_not_count(text: str) -> None:
    """What stands in a string is no structure, however it is escaped."""
    json_size.check(json.dumps({"a": text, "b": [text]}).encode())


@pytest.mark.parametrize(
    "body",
    [
        keys(400_000),
        keys(MAX_MEMBERS),
        b'{"name":"' + b'\\",' * 2_000_000 + b'"}',
        b'"' + b'\\"' * 3_000_000,
        b"[" * 6_000_000,
    ],
)
def test_small_bodies_take_no_seconds(body: bytes) -> None:
    """No body within the size limit keeps a server busy: the worst takes a fraction of a second of one core."""
    began = time.process_time()
    with pytest.raises(Invalid):
        parse.json_body(StoreCreation, body)
    assert time.process_time() - began < 1.5


def test_only_the_first_unknown_key_is_named() -> None:
    """An object with many unknown keys is refused for the first of them, in a list too."""
    with pytest.raises(Invalid, match="'k0'"):
        parse.json_body(StoreCreation, keys(1000))
    with pytest.raises(Invalid, match=r"'files\[1\].k0'"):
        parse.json_body(BatchCreation, b'{"files":[{"file_id":"file-aaaaaaaaaaaaaaaaaaaaaa"},' + keys(50) + b"]}")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"a","name":"b"}',
        b'{"name":"a","name":"a"}',
        b'{"metadata":{"name":1,"name":1}}',
        b'{"extraction_model":[[{"a":{"name":1,"b":2,"name":3}}]]}',
        b'{"n\\u0061me":"a","name":"b"}',
    ],
)
def test_a_key_twice_is_refused(body: bytes) -> None:
    """At any depth and also with equal values: otherwise one of them would be ignored."""
    with pytest.raises(Invalid, match=r"Duplicate parameter: 'name'\.") as caught:
        parse.json_body(StoreCreation, body)
    assert (caught.value.param, caught.value.code) == ("name", "duplicate_parameter")
