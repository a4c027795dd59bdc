"""What to tell clients of operations of OpenAI's and MKA1's APIs that we do not serve, and of wrong base URLs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vectorlog.api.dialect import DIALECTS, MKA1, OPENAI
from vectorlog.api.errors import NotOffered, UnknownRoute
from vectorlog.domain.errors import Refused

_SEARCH = "Search with POST {prefix}/vector_stores/{{vector_store_id}}/search, and pass the results to your model."
_PROVIDER = "Send it to your model provider."
_UPLOAD = "Upload the whole file with POST {prefix}/files."
_ATTACH = "Attach many files with POST {prefix}/vector_stores/{{vector_store_id}}/file_batches."
_KEYS = "Whoever runs this server makes and revokes keys with 'vectorlog keys'."
_NOTHING = "This server serves files, vector stores and search."


@dataclass(frozen=True, slots=True)
class _Family:
    """Operations whose paths begin alike.

    Attributes:
        name: what they are, as a sentence's subject.
        instead: what to use instead; `{prefix}` is the dialect's.
    """

    name: str
    instead: str = _NOTHING


_BOTH: Mapping[str, _Family] = {
    "batches": _Family("The Batch API", _ATTACH),
    "chat": _Family("Chat completions", _SEARCH),
    "conversations": _Family("Conversations"),
    "embeddings": _Family("Embeddings", f"Files are embedded when they are attached to a store. {_SEARCH}"),
    "evals": _Family("Evals", _PROVIDER),
    "fine_tuning": _Family("Fine-tuning", _PROVIDER),
    "images": _Family("Images", _PROVIDER),
    "models": _Family("The list of models", "A vector store names its model as 'embedding_model' when it is created."),
    "responses": _Family("The Responses API", _SEARCH),
    "skills": _Family("Skills"),
}
_FAMILIES: Mapping[str, Mapping[str, _Family]] = {
    OPENAI.prefix: {
        **_BOTH,
        "agents": _Family("Agents"),
        "assistants": _Family("The Assistants API", _SEARCH),
        "audio": _Family("Audio", _PROVIDER),
        "chatkit": _Family("ChatKit"),
        "completions": _Family("Completions", _SEARCH),
        "containers": _Family("Containers"),
        "moderations": _Family("Moderations", _PROVIDER),
        "organization": _Family("Administration of an organization", _KEYS),
        "projects": _Family("Administration of projects", _KEYS),
        "realtime": _Family("Realtime", _PROVIDER),
        "threads": _Family("Threads", _SEARCH),
        "uploads": _Family("Uploading a file in parts", _UPLOAD),
        "videos": _Family("Videos", _PROVIDER),
        "webhook_endpoints": _Family("Webhooks", "Poll the file or the batch."),
    },
    MKA1.prefix: {
        **_BOTH,
        "classify": _Family("Classification", _PROVIDER),
        "extract": _Family("Extraction", _PROVIDER),
        "feedback": _Family("Feedback"),
        "guardrails": _Family("Guardrails", _PROVIDER),
        "mcp": _Family("MCP"),
        "memory_stores": _Family("Memory stores", "Use a vector store: POST {prefix}/vector_stores."),
        "prompts": _Family("Prompts"),
        "speech": _Family("Speech", _PROVIDER),
        "usage": _Family("Usage reports", "'usage_bytes' and 'file_counts' of each store: GET {prefix}/vector_stores."),
    },
}
"""By a dialect's prefix, and the first segment of the path below it."""

_OF_A_STORE: Mapping[str, _Family] = {
    "permissions": _Family("Permissions of a vector store", f"Everyone in the key's project sees the store. {_KEYS}"),
}
"""Of MKA1's API, by the segment after `/vector_stores/<vector_store_id>`."""

_SERVED = ("files", "vector_stores")


def refuse(method: str, path: str) -> Refused:
    """Why a path without a route is refused.

    Args:
        method: in capitals.
        path: from the root.
    """
    asked = f"{method} {path}"
    for dialect in DIALECTS:
        if path.startswith(f"{dialect.prefix}/"):
            family = _family(dialect.prefix, path.removeprefix(f"{dialect.prefix}/").split("/"))
            if family is not None:
                instead = family.instead.format(prefix=dialect.prefix)
                return NotOffered(f"{family.name} is not offered here ({asked}). {instead}")
    hint = _base_url(path)
    return UnknownRoute(f"Invalid URL ({asked})" + (f". {hint}" if hint else ""))


def _family(prefix: str, segments: Sequence[str]) -> _Family | None:
    if prefix == MKA1.prefix and segments[0] == "vector_stores" and len(segments) > 2:
        return _OF_A_STORE.get(segments[2])
    return _FAMILIES[prefix].get(segments[0])


def _base_url(path: str) -> str:
    """What is wrong with the client's base URL; empty where nothing shows that it is."""
    segments = path.removeprefix("/").split("/")
    if path.startswith((f"{OPENAI.prefix}{MKA1.prefix}/", f"{MKA1.prefix}{MKA1.prefix}/")):
        return "MKA1's client adds /api/v1/llm itself: give it the server's bare address as its server_url."
    if path.startswith(f"{OPENAI.prefix}{OPENAI.prefix}/"):
        return "The client's base URL has /v1 twice."
    if segments[0] in {*_SERVED, *_FAMILIES[OPENAI.prefix]}:
        return "The API is under /v1: end the client's base URL with /v1 (and give MKA1's client the bare address)."
    return ""
