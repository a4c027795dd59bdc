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
    """The text of a file in a store."""

    file: str
    filename: str
    attributes: Mapping[str, Scalar]
    text: str


@dataclass(frozen=True, slots=True)
class Dialect:
    """One form of the API.

    Attributes:
        empty_id: `first_id` and `last_id` of an empty list.
        expired_status: of the answer to what an expired store refuses.
        shows_expired: whether an expired store can still be looked at.
        codeless: operations whose errors carry no code; MKA1's client takes only numbers there.
        search_query: how the answer of a search repeats its queries.
        content: the body that shows a file's text.
        chunking: how the chunking of a file is shown.
        download: the Content-Type of a download, from the type of the file.
    """

    prefix: str
    empty_id: str | None
    expired_status: int
    shows_expired: bool
    codeless: frozenset[str]
    search_query: Callable[[Sequence[str]], Any]
    content: Callable[[Text], Json]
    chunking: Callable[[Chunking], Json]
    download: Callable[[str], str]


def of(path: str) -> Dialect:
    """The dialect of a path; OpenAI's where none is spoken."""
    return next((each for each in DIALECTS if path.startswith(each.prefix + "/")), OPENAI)


def _page(text: Text) -> Json:
    data = [{"type": "text", "text": text.text}]
    return {"object": "vector_store.file_content.page", "data": data, "has_more": False, "next_page": None}


def _named(text: Text) -> Json:
    content = [{"type": "text", "text": text.text}]
    return {"file_id": text.file, "filename": text.filename, "content": content, "attributes": dict(text.attributes)}


def _sizes(chunking: Chunking) -> Json:
    sizes = {"max_chunk_size_tokens": chunking.max_tokens, "chunk_overlap_tokens": chunking.overlap}
    return {"type": "static", "static": sizes}


def _as_sent(chunking: Chunking) -> Json:
    return {"type": "auto"} if chunking.type == "auto" else _sizes(chunking)


def _real(content_type: str) -> str:
    return content_type


def _taken(content_type: str) -> str:
    """MKA1's client refuses a download of any other type, whatever its bytes."""
    return content_type if content_type.partition(";")[0] in KNOWN else "text/plain"


OPENAI = Dialect(
    prefix="/v1",
    empty_id=None,
    expired_status=400,
    shows_expired=True,
    codeless=frozenset(),
    search_query=list,
    content=_page,
    chunking=_sizes,
    download=_real,
)

MKA1 = Dialect(
    prefix="/api/v1/llm",
    empty_id="",
    expired_status=410,
    shows_expired=False,
    codeless=frozenset({"getFileContent"}),
    search_query="\n".join,
    content=_named,
    chunking=_as_sent,
    download=_taken,
)

DIALECTS = (OPENAI, MKA1)
