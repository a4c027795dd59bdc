"""Collections of judged questions are read from both layouts, and what is wrong with one is said."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from vectorlog.evaluation.questions import BadCollection, Documents, Passage, Question, StoreOf, collection


def beir(folder: Path, qrels: str, queries: str = '{"_id": 1, "text": "why?"}\n') -> Path:
    """Writes a collection of two documents in BEIR's layout."""
    corpus = '{"_id": "a", "title": "Title", "text": "one"}\n{"_id": "b", "text": "two"}\n'
    (folder / "corpus.jsonl.gz").write_bytes(gzip.compress(corpus.encode()))
    (folder / "queries.jsonl").write_text(queries)
    (folder / "qrels.tsv").write_text(qrels)
    return folder


@pytest.mark.parametrize(
    "qrels",
    [
        "query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n",
        "1\ta\t2\n1\tb\t-1\n\n",
        "1 0 a 2\n1 0 b 0\n",
    ],
)
def test_beir(tmp_path: Path, qrels: str) -> None:
    read = collection(beir(tmp_path, qrels))
    assert read.documents == {"a.txt": b"Title\none", "b.txt": b"two"}
    assert read.stores == (StoreOf("main", ("a.txt", "b.txt")),)
    assert read.questions == (Question("1", "why?", Documents({"a": 2})),)


def test_passages(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("text")
    (tmp_path / "set.json").write_text(
        json.dumps(
            {
                "stores": [{"name": "small", "documents": ["a.md"], "chunking": [256, 64]}],
                "questions": [
                    {"id": "1", "query": "q", "answer": ["x"], "files": ["a.md"], "category": "c", "store": "small"}
                ],
            }
        )
    )
    read = collection(tmp_path)
    assert read.documents == {"a.md": b"text"}
    assert read.stores == (StoreOf("small", ("a.md",), (256, 64)),)
    assert read.questions == (Question("1", "q", Passage(("x",), ("a.md",)), "c", "small"),)


@pytest.mark.parametrize(
    ("qrels", "queries", "said"),
    [
        ("x\ta\t1\n", '{"_id": 1, "text": "why?"}', "judges none of the queries"),
        ("1\ta\t1\n1\tb\n", '{"_id": 1, "text": "why?"}', "qrels.tsv, line 2: expected a query"),
        ("1\ta\t1\n", '{"_id": 1}', "queries.jsonl, line 1: expected an object with _id and text"),
        ("1\ta\t1\n", "why?", "queries.jsonl, line 1: not JSON"),
        (
            "1\ta\t1\n",
            '{"_id": 1, "text": "a"}\n{"_id": "1", "text": "b"}',
            "queries.jsonl, line 2: line 1 has the _id",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, qrels: str, queries: str, said: str) -> None:
    with pytest.raises(BadCollection, match=said):
        collection(beir(tmp_path, qrels, queries))


def test_not_a_collection(tmp_path: Path) -> None:
    with pytest.raises(BadCollection, match=r"neither set\.json nor corpus\.jsonl"):
        collection(tmp_path)
    (tmp_path / "set.json").write_text('{"stores": []}')
    with pytest.raises(BadCollection, match="not a set of questions"):
        collection(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (r'{"_id": "b", "text": "\ud800"}', "line 3: text has half of a surrogate pair"),
        (r'{"_id": "\udfff", "text": "b"}', "line 3: _id has half"),
        ('{"_id": "b", "text": 5}', "line 3: text is not a text, but 5"),
        ('{"_id": "b", "text": null}', "line 3: text is not a text, but null"),
        ('{"_id": "b", "title": ["t"], "text": "b"}', "line 3: title is not a text"),
        ('{"_id": true, "text": "b"}', "line 3: _id is not a text"),
        ('{"_id": "a", "text": "b"}', "line 3: line 1 has the _id 'a' already"),
    ],
)
def test_a_document_that_is_wrong(tmp_path: Path, line: str, said: str) -> None:
    """The file and the line are named. A whole surrogate pair is a character."""
    beir(tmp_path, "1\ta\t1\n")
    (tmp_path / "corpus.jsonl").write_text(r'{"_id": "a", "title": null, "text": "\ud83d\ude00"}' + f"\n\n{line}\n")
    with pytest.raises(BadCollection, match=rf"corpus\.jsonl, {said}"):
        collection(tmp_path)
