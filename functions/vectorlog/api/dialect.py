"""The two dialects of the API, and everything that differs between them (docs/contract.md, section 10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vectorlog.api.content_type import KNOWN
from vectorlog.api.input.json_text import Json
from vectorlog.domain.chunking import Chunking
from vectorlog.domain.filters import Scalar


@dataclass(frozen=True, slots=True)
class Text:
    """The text of a file in a store, with the file's name and attributes."""

    file: str
    filename: str
    attributes: Mapping[str, Scalar]
    text: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One form of the API.

    Attributes:
        prefix: of the paths of all its routes.
        empty_id: `first_id` and `last_id` of an empty list.
        expired_status: the status of a request that is refused because its store has expired.
        shows_expired: whether GET still returns an expired store.
        codeless: operations whose errors carry no code, because MKA1's client accepts only numbers there.
        search_query: formats the queries as a search response repeats them.
        content: formats the response body that shows a file's text.
        chunking: formats a file's chunking.
        needs_filename: whether a file part without a filename, or with the filename `blob`, is refused.
        download: returns the Content-Type of a download, given the type of the file.
    """

    prefix: str
    empty_id: str | None
    expired_status: int
    shows_expired: bool
    codeless: frozenset[str]
    search_query: Callable[[Sequence[str]], Any]
    content: Callable[[Text], Json]
    chunking: Callable[[Chunking], Json]
    needs_filename: bool
    download: Callable[[str], str]


def dialect_of(path: str) -> Dialect:
    """Returns the dialect of a path, or OpenAI's if the path has no dialect's prefix."""
    return next((each for each in DIALECTS if path.startswith(each.prefix + "/")), OPENAI)


def _content_page(text: Text) -> Json:
    data = [{"type": "text", "text": text.text}]
    return {"object": "vector_store.file_content.page", "data": data, "has_more": False, "next_page": None}


def _named_content(text: Text) -> Json:
    content = [{"type": "text", "text": text.text}]
    return {"file_id": text.file, "filename": text.filename, "content": content, "attributes": dict(text.attributes)}


def _static_sizes(chunking: Chunking) -> Json:
    sizes = {"max_chunk_size_tokens": chunking.max_tokens, "chunk_overlap_tokens": chunking.overlap}
    return {"type": "static", "static": sizes}


def _as_sent(chunking: Chunking) -> Json:
    return {"type": "auto"} if chunking.type == "auto" else _static_sizes(chunking)


def _unchanged(content_type: str) -> str:
    return content_type


def _accepted(content_type: str) -> str:
    """MKA1's client refuses a download of any other type, whatever its content."""
    return content_type if content_type.partition(";")[0] in KNOWN else "text/plain"


OPENAI = Dialect(
    prefix="/v1",
    empty_id=None,
    expired_status=400,
    shows_expired=True,
    codeless=frozenset(),
    search_query=list,
    content=_content_page,
    chunking=_static_sizes,
    needs_filename=False,
    download=_unchanged,
)

MKA1 = Dialect(
    prefix="/api/v1/llm",
    empty_id="",
    expired_status=410,
    shows_expired=False,
    codeless=frozenset({"getFileContent"}),
    search_query="\n".join,
    content=_named_content,
    chunking=_as_sent,
    needs_filename=True,
    download=_accepted,
)

DIALECTS = (OPENAI, MKA1)
