"""The differences between the dialects."""

from __future__ import annotations

from dataclasses import fields

import pytest

from vectorlog.api import dialect
from vectorlog.api.dialect import MKA1, OPENAI, Dialect, Text
from vectorlog.domain.chunking import AUTO, Chunking


@pytest.mark.parametrize(
    ("path", "spoken"),
    [
        ("/v1/files", OPENAI),
        ("/api/v1/llm/files", MKA1),
        ("/v1", OPENAI),
        ("/api/v1/llmfiles", OPENAI),
        ("/", OPENAI),
        ("", OPENAI),
    ],
)
def test_the_path_says_which_dialect(path: str, spoken: Dialect) -> None:
    """A prefix is whole segments; an unknown path is answered in OpenAI's dialect."""
    assert dialect.dialect_of(path) is spoken


def test_every_difference_is_one() -> None:
    """Each field of a dialect exists because the two differ in it."""
    assert [each.name for each in fields(Dialect) if getattr(OPENAI, each.name) == getattr(MKA1, each.name)] == []


def test_queries_are_repeated() -> None:
    """OpenAI's dialect repeats the queries as an array, MKA1's as one string."""
    assert OPENAI.search_query(["a", "b"]) == ["a", "b"]
    assert MKA1.search_query(["a", "b"]) == "a\nb"


def test_auto_chunking_is_shown() -> None:
    """OpenAI's dialect shows the sizes that auto stands for, MKA1's what was sent; static sizes are the same in
    both.
    """
    sizes = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}
    assert OPENAI.chunking(AUTO) == sizes
    assert MKA1.chunking(AUTO) == {"type": "auto"}
    assert MKA1.chunking(Chunking("static", 800, 400)) == OPENAI.chunking(Chunking("static", 800, 400)) == sizes


def test_text_is_shown() -> None:
    """OpenAI's dialect shows a page, MKA1's the file with its text."""
    text = Text("file-1", "a.txt", {"k": 1}, "hello")
    part = {"type": "text", "text": "hello"}
    assert OPENAI.content(text) == {
        "object": "vector_store.file_content.page",
        "data": [part],
        "has_more": False,
        "next_page": None,
    }
    assert MKA1.content(text) == {"file_id": "file-1", "filename": "a.txt", "content": [part], "attributes": {"k": 1}}
