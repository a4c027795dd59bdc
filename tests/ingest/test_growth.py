"""The time that texts take grows no faster than they do, whatever they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.growth import STEP, grows_linearly
from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.extract import extract
from vectorlog.ingest.places import locations
from vectorlog.ingest.split import split

_SIZE = 60_000
"""Bytes of the smaller text: it takes some milliseconds, so that the times can be compared."""
_MOST = 8.0
"""How much longer a text of four times the size may take. Linear is 4, quadratic 16."""

_REPEATED = {
    "dots": ".",
    "question marks": "?!",
    "ideographic stops": "。",
    "spaces": " ",
    "tabs": "\t",
    "newlines": "\n",
    "blank lines": " \n",
    "letters": "a",
    "words": "word ",
    "marks": "u\u0308",
    "many marks": "\u0301",
    "soft hyphens": "a\u00ad \n",
    "joiners": "\u200d",
    "quotes": '"',
    "rows": "a,b\n",
    "commas": ",",
    "open brackets": "[",
    "open objects": '{"a":',
    "numbers": "1,",
    "lines of objects": '{"a":1}\n',
    "bad lines": "{x}\n",
    "escapes": "\\u00fc",
    "addresses": "data:a/b;",
    "long words": "a" * 60 + "\n",
    "references": "&#252;",
    "attributes": ' a="1"',
    "tags": "<p></p>",
    "hashes": "# ",
    "dashes": "- ",
    "rules": "---\n",
    "pipes": "|a\n",
    "backticks": "`",
    "fences": "```\n",
    "definitions": "def a():\n",
    "parentheses": "f(",
    "annotations": "@a\n",
    "commands": "\\a",
    "groups": "{",
    "environments": "\\begin{verbatim}",
    "cues": "1\n00:00:00,000 --> 00:00:01,000\na\n\n",
    "hz": "~{",
}
_NAMES = ["a.txt", "a.md", "a.json", "a.jsonl", "a.xml", "a.csv", "a.py", "a.tex", "a.srt"]


def _read(path: Path, name: str) -> None:
    try:
        text = extract(path, name)
    except Unreadable:
        return
    locations(text, split(text, 800, 400))


@pytest.mark.parametrize(
    ("repeated", "name"),
    [
        pytest.param(repeated, name, id=f"{what} {name}", marks=() if (n + m) % 6 == 0 else pytest.mark.long)
        for n, (what, repeated) in enumerate(_REPEATED.items())
        for m, name in enumerate(_NAMES)
    ],
)
def test_linear(repeated: str, name: str, tmp_path: Path) -> None:
    """Four times the text takes about four times as long to read and to cut."""
    for size in (_SIZE, STEP * _SIZE):
        (tmp_path / str(size)).write_text("a" + repeated * (size // len(repeated)) + "b", newline="")
    assert grows_linearly(lambda size: _read(tmp_path / str(size), name), _SIZE, _MOST)


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "koi8-r"])
@pytest.mark.long
def test_linear_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    """Guessing an encoding looks at a part of a long text only."""
    repeated = {"cp1252": "Größe und Maß ", "gbk": "一号仓库", "koi8-r": "Насос "}[encoding].encode(encoding)
    for size in (_SIZE, STEP * _SIZE):
        (tmp_path / str(size)).write_bytes(repeated * (size // len(repeated)))
    assert grows_linearly(lambda size: _read(tmp_path / str(size), "a.txt"), _SIZE, _MOST)
