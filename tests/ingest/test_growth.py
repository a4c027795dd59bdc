"""The time that texts take grows no faster than they do, whatever they are made of."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vectorlog.ingest.document import Unreadable
from vectorlog.ingest.extract import extract
from vectorlog.ingest.places import locations
from vectorlog.ingest.split import split

_SIZE = 60_000
"""Bytes of the smaller text: it takes some milliseconds, so that the times can be compared."""
_RUNS = 3
_MOST = 8.0
"""How much longer a text of four times the size may take. Linear is 4, quadratic 16."""
_NEGLIGIBLE_S = 0.05
"""Below this, the larger text takes too little time to tell."""

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


def _seconds(action: Callable[[], object]) -> float:
    """Returns the least CPU time of a few runs: other processes make some of them slower, but none faster."""
    least = float("inf")
    for _ in range(_RUNS):
        began = time.process_time()
        action()
        least = min(least, time.process_time() - began)
        if least < _NEGLIGIBLE_S / 4:
            break
    return least


def _read(path: Path, name: str) -> None:
    try:
        text = extract(path, name)
    except Unreadable:
        return
    locations(text, split(text, 800, 400))


@pytest.mark.parametrize(
    ("repeated", "name"),
    [
        pytest.param(repeated, name, id=f"{what} {name}", marks=() if (n + m) % 3 == 0 else pytest.mark.long)
        for n, (what, repeated) in enumerate(_REPEATED.items())
        for m, name in enumerate(_NAMES)
    ],
)
def test_linear(repeated: str, name: str, tmp_path: Path) -> None:
    """Four times the text takes about four times as long to read and to cut."""
    small, large = tmp_path / "small", tmp_path / "large"
    for path, size in ((small, _SIZE), (large, 4 * _SIZE)):
        path.write_text("a" + repeated * (size // len(repeated)) + "b", newline="")
    if (took := _seconds(lambda: _read(large, name))) > _NEGLIGIBLE_S:
        assert took < _MOST * _seconds(lambda: _read(small, name))


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "koi8-r"])
def test_linear_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    """Guessing an encoding looks at a part of a long text only."""
    small, large = tmp_path / "small", tmp_path / "large"
    repeated = {"cp1252": "Größe und Maß ", "gbk": "一号仓库", "koi8-r": "Насос "}[encoding].encode(encoding)
    for path, size in ((small, _SIZE), (large, 4 * _SIZE)):
        path.write_bytes(repeated * (size // len(repeated)))
    took = _seconds(lambda: _read(large, "a.txt"))
    assert took < _MOST * max(_seconds(lambda: _read(small, "a.txt")), _NEGLIGIBLE_S / 4)
