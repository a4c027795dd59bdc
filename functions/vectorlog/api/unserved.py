"""Errors for paths without a route: OpenAI's and MKA1's operations that we do not serve, and wrong base URLs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vectorlog.api.dialect import DIALECTS, MKA1, OPENAI
from vectorlog.api.errors import NotOffered, UnknownRoute
from vectorlog.domain.errors import Refused

_SEARCH = "Search with POST {prefix}/vector_stores/{{vector_store_id}}/search, and pass the results to your model."
_PROVIDER = "Send it to your model provider."
_ATTACH = "Attach many files with POST {prefix}/vector_stores/{{vector_store_id}}/file_batches."
_KEYS = (
    "Keys are created and revoked with 'vectorlog keys', or with {prefix}/organization/admin_api_keys and a key of "
    "scope 'admin'."
)
_NOTHING = "It serves files, vector stores and search."


@dataclass(frozen=True, slots=True)
class _Family:
    """Operations whose paths start with the same segment.

    Attributes:
        name: their name, as the object of a sentence.
        instead: a sentence that says what to use instead; `{prefix}` is replaced by the dialect's prefix.
    """

    name: str
    instead: str = _NOTHING


_USAGE = _Family("this usage report", "It reports usage of vector stores and of files.")
_BOTH: Mapping[str, _Family] = {
    "batches": _Family("the Batch API", _ATTACH),
    "chat": _Family("chat completions", _SEARCH),
    "conversations": _Family("conversations"),
    "evals": _Family("evals", _PROVIDER),
    "fine_tuning": _Family("fine-tuning", _PROVIDER),
    "images": _Family("images", _PROVIDER),
    "mcp": _Family("MCP under this path", "Its endpoint is /mcp, without a prefix."),
    "responses": _Family("the Responses API", _SEARCH),
    "skills": _Family("skills"),
}
_FAMILIES: Mapping[str, Mapping[str, _Family]] = {
    OPENAI.prefix: {
        **_BOTH,
        "agents": _Family("agents"),
        "assistants": _Family("the Assistants API", _SEARCH),
        "audio": _Family("audio", _PROVIDER),
        "chatkit": _Family("ChatKit"),
        "completions": _Family("completions", _SEARCH),
        "containers": _Family("containers"),
        "moderations": _Family("moderations", _PROVIDER),
        "organization": _Family("administration of an organization", _KEYS),
        "projects": _Family("administration of projects", _KEYS),
        "realtime": _Family("realtime", _PROVIDER),
        "threads": _Family("threads", _SEARCH),
        "videos": _Family("videos", _PROVIDER),
    },
    MKA1.prefix: {
        **_BOTH,
        "classify": _Family("classification", _PROVIDER),
        "extract": _Family("extraction", _PROVIDER),
        "feedback": _Family("feedback"),
        "guardrails": _Family("guardrails", _PROVIDER),
        "memory_stores": _Family("memory stores", "Use a vector store: POST {prefix}/vector_stores."),
        "prompts": _Family("prompts"),
        "speech": _Family("speech", _PROVIDER),
        "usage": _USAGE,
    },
}
"""By the dialect's prefix and the first segment of the path after it."""

_SERVED = ("files", "uploads", "vector_stores", "models", "embeddings", "usage")


def refuse(method: str, path: str) -> Refused:
    """Returns the error for a path without a route.

    Args:
        method: in capitals.
        path: from the root.
    """
    request = f"{method} {path}"
    for dialect in DIALECTS:
        if path.startswith(f"{dialect.prefix}/"):
            family = _family(dialect.prefix, path.removeprefix(f"{dialect.prefix}/").split("/"))
            if family is not None:
                instead = family.instead.format(prefix=dialect.prefix)
                return NotOffered(f"Invalid URL ({request}). This server does not offer {family.name}. {instead}")
    hint = _base_url(path)
    return UnknownRoute(f"Invalid URL ({request})" + (f". {hint}" if hint else ""))


def _family(prefix: str, segments: Sequence[str]) -> _Family | None:
    if segments[:2] == ["organization", "usage"]:
        return _USAGE
    return _FAMILIES[prefix].get(segments[0])


def _base_url(path: str) -> str:
    """Returns what is wrong with the client's base URL, or an empty string if nothing seems to be."""
    segments = path.removeprefix("/").split("/")
    if path.startswith(
        (f"{OPENAI.prefix}{MKA1.prefix}/", f"{MKA1.prefix}{MKA1.prefix}/", f"{MKA1.prefix}{OPENAI.prefix}/")
    ):
        return "MKA1's client adds /api/v1/llm itself: give it the server's bare address as its server_url."
    if path.startswith(f"{OPENAI.prefix}{OPENAI.prefix}/"):
        return "The client's base URL has /v1 twice."
    if segments[0] in {*_SERVED, *_FAMILIES[OPENAI.prefix]}:
        return "The API is under /v1: end the client's base URL with /v1 (and give MKA1's client the bare address)."
    return ""
