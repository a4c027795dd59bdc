"""JSON becomes lines of names and values, one record after the other."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorlog.ingest.document import Text
from vectorlog.ingest.extract import extract
from vectorlog.ingest.formats.json_records import values

Read = Callable[[str, str], Text]
BLOB = base64.b64encode(random.Random(1).randbytes(900)).decode()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(text: str, name: str = "a.json") -> Text:
        (tmp_path / "blob").write_bytes(text.encode())
        return extract(tmp_path / "blob", name)

    return reading


def test_escapes_are_letters(read: Read) -> None:
    """What a program escapes is read as a person would write it, also outside of the basic plane."""
    text = read(json.dumps({"name": "ポンプ", "ort": "Zürich", "mark": "🔧 wrench"}), "a.json").text
    assert text == "name: ポンプ\nort: Zürich\nmark: 🔧 wrench"


def test_values_stay_with_their_names(read: Read) -> None:
    """Nested objects give long names, arrays of values one line; numbers stay as they are written."""
    text = (
        '{"address": {"city": "Bergen", "zip": [1.50, 1e3]}, "ok": true, "none": null, "a": {"b": {"c": [{"d": 1}]}}}'
    )
    assert read(text, "a.json").text == "address.city: Bergen\naddress.zip: 1.50, 1e3\nok: true\na.b.c[0].d: 1"


def test_each_record_is_a_block(read: Read) -> None:
    """Records of an array, at the top or in an object, and lines of JSON are blocks of their own."""
    records = [{"id": n, "name": f"pump {n}"} for n in range(3)]
    for text, name, first in (
        (json.dumps(records), "a.json", "id: 0\nname: pump 0"),
        (json.dumps({"pumps": records}), "a.json", "pumps[0]:\nid: 0\nname: pump 0"),
        ("\n".join(map(json.dumps, records)), "a.jsonl", "id: 0\nname: pump 0"),
        ("\n".join(json.dumps(each, indent=1) for each in records), "a.json", "id: 0\nname: pump 0"),
    ):
        found = read(text, name)
        assert next(found.text[each.start : each.end] for each in found.blocks) == first
        assert len(found.blocks) == 3
        assert not found.warnings


def test_binary_data_is_left_out(read: Read) -> None:
    """Base64 and `data:` addresses are not text; the file says that they are missing."""
    found = read(json.dumps({"a": BLOB, "b": f"data:image/png;base64,{BLOB}", "c": "kept"}), "a.json")
    assert found.text == "a: [data left out]\nb: [data left out]\nc: kept"
    assert [(each.code, each.message[:8]) for each in found.warnings] == [("left_out", "2 values")]


@pytest.mark.parametrize("value", ["ACGT" * 200, "MKVLAAGIVGLC" * 50, "word " * 200, "A" * 1000, "é" * 400])
def test_long_values_that_are_text_are_kept(value: str, read: Read) -> None:
    """A sequence of a gene or a protein, or any other long value, is no binary data."""
    assert value.strip() in read(json.dumps({"a": value}), "a.json").text


def test_what_is_not_valid_is_kept_as_text(read: Read) -> None:
    """Comments, a cut file, a bad line: the text is there, with its letters, and the file says where it begins."""
    commented = read('// settings\n{"a": 1,}', "a.json")
    cut = read('[{"a": 1},\n{"b": "Z\\u00fcrich", "c', "a.json")
    lines = read('{"a": 1}\n{"b": "M\\u00fc\n{"c": 3}\n', "a.jsonl")
    assert commented.text == '// settings\n{"a": 1,}'
    assert cut.text == 'a: 1\n\nb: Zürich\n\n"c'
    assert lines.text == 'a: 1\n\n{"b": "Mü\n\nc: 3'
    assert [(each.code, each.where) for found in (commented, cut, lines) for each in found.warnings] == [
        ("damaged", "line 1"),
        ("damaged", "line 2"),
        ("damaged", "line 2"),
    ]


@pytest.mark.parametrize("text", ["[" * 100_000 + "a", '{"a":' * 50_000, "1" * 10_000, '["a' + "\\ud800" * 3 + '"]'])
def test_what_a_parser_dislikes(text: str, read: Read) -> None:
    """Deep nesting, long numbers and half surrogates end in text."""
    assert read(text, "a.json").text


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=30,
)


def _plain(value: Any) -> list[str]:
    match value:
        case dict():
            return [each for member in value.values() for each in _plain(member)]
        case list() | tuple():
            if value and all(isinstance(each, tuple) and len(each) == 2 for each in value):
                return [each for _, member in value for each in _plain(member)]
            return [each for member in value for each in _plain(member)]
        case None:
            return []
        case _:
            return [str(value)]


@given(_VALUES, st.booleans())
def test_no_value_is_lost(value: Any, spread: bool) -> None:
    """The records of a text hold all its values, in order."""
    text = json.dumps(value, indent=1 if spread else None)
    assert [each for found in values(text) for each in _plain(found.value)] == _plain(value)
