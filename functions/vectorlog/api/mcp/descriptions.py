"""How tools are described to models: names, texts and JSON schemas (2020-12), written to be read by them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vectorlog.api.input.json_text import Json
from vectorlog.api.input.search_schemas import MAX_QUERY_CHARS
from vectorlog.api.mcp.arguments import MOST_CHARS, READ_CHARS

STORE = "vector_store_id"
_ID: Json = {"type": "string", "description": "The id of the vector store (vs_…), as list_vector_stores shows it."}
_FILE_ID: Json = {"type": "string", "description": "The id of the file (file-…), as a search shows it."}
_MOST: Json = {"type": "integer", "minimum": 1, "maximum": 50, "description": "How many results at most; 10 if absent."}
_PER_FILE: Json = {
    "type": "integer",
    "minimum": 1,
    "maximum": 50,
    "description": "How many results of one file at most. Give 1 to get as many different files as possible.",
}
_FILTERS: Json = {
    "type": "object",
    "description": (
        'Which files to search, by their attributes: {"type": "eq", "key": "year", "value": 2024}. Types are eq, ne, '
        'gt, gte, lt and lte with one value, in and nin with an array of values, and {"type": "and", "filters": [...]} '
        "or the same with or. Results show the attributes of their files."
    ),
}
_QUERY: Json = {"type": "string", "minLength": 1, "maxLength": MAX_QUERY_CHARS}
_RESULT: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "What fetch takes."},
        "title": {"type": "string", "description": "The filename, and where in the file the passage is."},
        "url": {"type": "string", "description": "A page that shows the passage in its file; valid for a day."},
        "text": {"type": "string", "description": "The passage."},
        "score": {"type": "number", "description": "From 0 to 1; 0.5 means unrelated."},
        "vector_store_id": {"type": "string"},
        "file_id": {"type": "string"},
        "filename": {"type": "string"},
        "attributes": {"type": "object"},
        "location": {"type": ["object", "null"], "description": "Characters, pages, sheet and headings, if known."},
    },
    "required": ["id", "title", "url", "text", "score", "vector_store_id", "file_id", "filename", "attributes"],
}
_RESULTS: Json = {
    "type": "object",
    "properties": {
        "results": {"type": "array", "items": _RESULT},
        "warnings": {"type": "array", "items": {"type": "string"}, "description": "What is missing, and why."},
    },
    "required": ["results", "warnings"],
}
_READ_ONLY: Json = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}

TOOLS: Mapping[str, Json] = {
    "search": {
        "title": "Search",
        "description": (
            "Search the documents for passages that answer a question, by meaning and by words. Ask a full question or "
            "give exact words, codes and names. Each result has the passage, and an id with which fetch returns the "
            "whole document. Cite the url."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {
                "query": {**_QUERY, "description": "What to look for."},
                "max_num_results": _MOST,
                "max_results_per_file": _PER_FILE,
            },
            "required": ["query"],
            "additionalProperties": False,
        },
        "outputSchema": _RESULTS,
    },
    "fetch": {
        "title": "Fetch a document",
        "description": f"Return the text of a document that search found. Of a text of more than {MOST_CHARS:,} "
        "characters, it returns the part around the passage, and read_file the rest.",
        "inputSchema": {
            "type": "object",
            "properties": {"id": {"type": "string", "description": "The id of a result of search."}},
            "required": ["id"],
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "title": {"type": "string"},
                "text": {"type": "string"},
                "url": {"type": "string"},
                "metadata": {"type": "object"},
            },
            "required": ["id", "title", "text", "url", "metadata"],
        },
    },
    "list_vector_stores": {
        "title": "List vector stores",
        "description": "List the vector stores (collections of documents) that can be searched, the newest first.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 100,
                    "description": "How many at most; 20 if absent.",
                },
                "after": {"type": "string", "description": "The id of the last store of the page before."},
            },
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "vector_stores": {"type": "array", "items": {"type": "object"}},
                "has_more": {"type": "boolean"},
            },
            "required": ["vector_stores", "has_more"],
        },
    },
    "search_vector_store": {
        "title": "Search a vector store",
        "description": (
            "Search one vector store for passages, by meaning and by words, with filters on the attributes of files "
            "and with options of ranking."
        ),
        "inputSchema": {
            "type": "object",
            "properties": {
                STORE: _ID,
                "query": {
                    "anyOf": [_QUERY, {"type": "array", "items": _QUERY, "minItems": 1, "maxItems": 16}],
                    "description": "What to look for; several queries are searched together.",
                },
                "filters": _FILTERS,
                "max_num_results": _MOST,
                "max_results_per_file": _PER_FILE,
                "rewrite_query": {"type": "boolean", "description": "Whether the server may word the query better."},
                "ranking_options": {
                    "type": "object",
                    "description": (
                        "How results are ranked: ranker (auto, none, rrf, weighted or rerank), score_threshold (0 to "
                        "1), hybrid_search with embedding_weight and text_weight, alpha (for weighted), impact_factor "
                        "(for rrf)."
                    ),
                },
            },
            "required": [STORE, "query"],
            "additionalProperties": False,
        },
        "outputSchema": _RESULTS,
    },
    "read_file": {
        "title": "Read a file",
        "description": "Read the text of a file in a vector store, piece by piece.",
        "inputSchema": {
            "type": "object",
            "properties": {
                STORE: _ID,
                "file_id": _FILE_ID,
                "offset": {"type": "integer", "minimum": 0, "description": "The first character; 0 if absent."},
                "limit": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_CHARS,
                    "description": f"How many characters at most; {READ_CHARS:,} if absent.",
                },
            },
            "required": [STORE, "file_id"],
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                STORE: {"type": "string"},
                "file_id": {"type": "string"},
                "filename": {"type": "string"},
                "attributes": {"type": "object"},
                "text": {"type": "string"},
                "offset": {"type": "integer"},
                "next_offset": {"type": ["integer", "null"], "description": "Where to go on; null at the end."},
                "characters": {"type": "integer", "description": "Of the whole text."},
                "url": {"type": "string"},
            },
            "required": [STORE, "file_id", "filename", "text", "offset", "next_offset", "characters", "url"],
        },
    },
}
"""Every tool by its name."""


def described(*, of_one_store: bool) -> Sequence[Json]:
    """Returns what a client is told of the tools. At an endpoint for one store none takes its id."""
    return [
        {
            "name": name,
            **tool,
            "inputSchema": _without_store(tool["inputSchema"]) if of_one_store else tool["inputSchema"],
            "annotations": {"title": tool["title"], **_READ_ONLY},
        }
        for name, tool in TOOLS.items()
    ]


def _without_store(schema: Json) -> Json:
    properties = {name: each for name, each in schema["properties"].items() if name != STORE}
    required = [name for name in schema.get("required", ()) if name != STORE]
    return {**schema, "properties": properties, **({"required": required} if required else {})}
