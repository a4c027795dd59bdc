"""Wrong requests and the errors that they get (docs/contract.md, section 8). STORE, FILE and BATCH stand for existing
things.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

FORM = {"file": ("a.txt", b"hello")}
PURPOSE = {"purpose": "assistants"}
ANCHOR, SECONDS = "expires_after[anchor]", "expires_after[seconds]"
STORE = "/vector_stores/STORE"


@dataclass(frozen=True)
class Bad:
    """A request, with its path below the prefix, and its error.

    Attributes:
        sent: arguments of `httpx.request`.
        says: part of the message.
    """

    request: str
    param: str | None
    code: str | None
    says: str
    status: int = 400
    sent: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.request} {self.param} {self.code}"


def told(request: str, body: Any, param: str | None, code: str | None, says: str, status: int = 400) -> Bad:
    """A request with a JSON body."""
    return Bad(request, param, code, says, status, {"json": body})


def text(request: str, body: bytes, param: str | None, code: str | None, says: str) -> Bad:
    """A request with this exact body."""
    return Bad(request, param, code, says, sent={"content": body, "headers": {"content-type": "application/json"}})


def form(param: str | None, code: str | None, says: str, **parts: Any) -> Bad:
    """An upload."""
    return Bad("POST /files", param, code, says, sent=parts)


def search(body: dict[str, Any], param: str, code: str, says: str) -> Bad:
    """A search, with a query unless the body has one."""
    return told(f"POST {STORE}/search", {"query": "x", **body}, param, code, says)


def attach(strategy: Any, at: str, code: str, says: str) -> Bad:
    """An attach with a chunking strategy."""
    param = f"chunking_strategy{at}"
    return told(f"POST {STORE}/files", {"file_id": "FILE", "chunking_strategy": strategy}, param, code, says)


def sizes(size: Any, overlap: Any) -> dict[str, Any]:
    return {"type": "static", "static": {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}}


def nested(depth: int) -> dict[str, Any]:
    return {"type": "and", "filters": [nested(depth - 1)]} if depth else {"type": "eq", "key": "a", "value": 1}


_CREATE, _ATTACH, _BATCH, _SEARCH = (
    f"POST {path}" for path in ("/vector_stores", f"{STORE}/files", f"{STORE}/file_batches", f"{STORE}/search")
)

BODIES = [
    # every row of the table once
    told(
        _CREATE,
        {"name": 5},
        "name",
        "invalid_type",
        "Invalid type for 'name': expected a string, but got an integer instead.",
    ),
    told(_ATTACH, {}, "file_id", "missing_required_parameter", "Missing required parameter: 'file_id'."),
    told(_CREATE, {"nmae": "x"}, "nmae", "unknown_parameter", "Unknown parameter: 'nmae'."),
    told(
        _CREATE,
        {"retrieval_mode": "x"},
        "retrieval_mode",
        "invalid_value",
        "Invalid value: 'x'. Supported values are: 'vector'.",
    ),
    told(
        _ATTACH,
        {"file_id": "x"},
        "file_id",
        "invalid_value",
        "Invalid 'file_id': 'x'. Expected an ID that begins with 'file-'.",
    ),
    search(
        {"max_num_results": 51},
        "max_num_results",
        "integer_above_max_value",
        "Expected a value <= 50, but got 51 instead.",
    ),
    search(
        {"max_num_results": 0},
        "max_num_results",
        "integer_below_min_value",
        "Expected a value >= 1, but got 0 instead.",
    ),
    told(
        _CREATE,
        {"file_ids": ["FILE"] * 501},
        "file_ids",
        "array_above_max_length",
        "maximum length 500, but got an array with length 501",
    ),
    told(
        _CREATE,
        {"name": "x" * 513},
        "name",
        "string_above_max_length",
        "maximum length 512, but got a string with length 513",
    ),
    told(_BATCH, {"file_ids": []}, "file_ids", "empty_array", "Invalid 'file_ids': empty array."),
    told(_BATCH, {"file_ids": ["FILE"], "files": []}, "files", "empty_array", "empty array"),
    told(_BATCH, {}, "file_ids", "missing_required_parameter", "'file_ids' or 'files'"),
    told(
        _BATCH,
        {"file_ids": ["FILE"], "files": [{"file_id": "FILE"}]},
        "files",
        "mutually_exclusive_parameters",
        "'file_ids' and 'files'",
    ),
    told(
        _CREATE,
        {"metadata": {str(n): "" for n in range(17)}},
        "metadata",
        "object_above_max_properties",
        "at most 16 properties",
    ),
    search({"query": ""}, "query", "string_below_min_length", "empty string"),
    search({"query": "x" * 4097}, "query", "string_above_max_length", "maximum length 4096"),
    text(
        _CREATE,
        b'{"name": }',
        None,
        None,
        "We could not parse the JSON body of your request: Expecting value (line 1, column 10).",
    ),
    # not JSON, or JSON that cannot be stored
    text(_CREATE, b"\xff{}", None, None, "We could not parse the JSON body of your request"),
    text(_CREATE, b"[]", None, "invalid_type", "expected an object, but got an array"),
    text(_CREATE, b"[" * 100_000, None, None, "nested too deeply"),
    text(_CREATE, b'{"metadata": {"a": NaN}}', None, None, "NaN is no JSON number"),
    text(_CREATE, b'{"metadata": {"a": -Infinity}}', None, None, "-Infinity is no JSON number"),
    text(_CREATE, b'{"metadata": {"a": 1e999}}', "metadata.a", "invalid_value", "finite number"),
    text(_CREATE, b'{"metadata": {"a": %s}}' % (b"9" * 30), "metadata.a", "integer_above_max_value", str(2**63 - 1)),
    text(_CREATE, b'{"metadata": {"a": %s}}' % (b"9" * 5000), None, None, "too many digits"),
    text(_CREATE, b'{"name": "a\\u0000b"}', "name", "invalid_value", "a NUL character"),
    text(_CREATE, b'{"metadata": {"a": "\\ud800"}}', "metadata.a", "invalid_value", "half a surrogate pair"),
    text(_CREATE, b'{"metadata": {"\\udfff": ""}}', "metadata", "invalid_value", "half a surrogate pair"),
    text(_SEARCH, b'{"query": "\\ud83d"}', "query", "invalid_value", "half a surrogate pair"),
    text(
        f"POST {STORE}/files/FILE", b'{"attributes": {"a\\u0000": 1}}', "attributes", "invalid_value", "a NUL character"
    ),
    Bad(_CREATE, None, None, "expects a JSON body", sent={"files": FORM}),
    # stores
    told(
        _CREATE,
        {"expires_after": {"anchor": "created_at", "days": 1}},
        "expires_after.anchor",
        "invalid_value",
        "'last_active_at'",
    ),
    told(
        _CREATE,
        {"expires_after": {"anchor": "last_active_at", "days": 366}},
        "expires_after.days",
        "integer_above_max_value",
        "<= 365",
    ),
    told(
        _CREATE,
        {"expires_after": {"anchor": "last_active_at"}},
        "expires_after.days",
        "missing_required_parameter",
        "days",
    ),
    told(_CREATE, {"metadata": {"a": None}}, "metadata.a", "invalid_type", "but got null"),
    told(_CREATE, {"metadata": {"a" * 65: ""}}, f"metadata.{'a' * 65}", "string_above_max_length", "maximum length 64"),
    told(_CREATE, {"file_ids": ["FILE", "file-unknown"]}, "file_ids", None, "No such File object: file-unknown", 404),
    told(f"POST {STORE}", {"description": "x"}, "description", "unknown_parameter", "'description'"),
    told(f"POST {STORE}", {"metadata": "x"}, "metadata", "invalid_type", "expected an object, but got a string"),
    # files in stores, batches
    told(_ATTACH, {"file_id": "FILE", "attributes": {"a": [1]}}, "attributes.a", "invalid_type", "but got an array"),
    told(
        _ATTACH,
        {"file_id": "FILE", "attributes": {"a": "x" * 513}},
        "attributes.a",
        "string_above_max_length",
        "maximum length 512",
    ),
    told(_ATTACH, {"file_id": "file-unknown"}, "file_id", None, "No such File object: file-unknown", 404),
    attach({"type": "none"}, ".type", "invalid_value", "'auto' and 'static'"),
    attach(sizes(99, 0), ".static.max_chunk_size_tokens", "integer_below_min_value", ">= 100"),
    attach(sizes(4097, 0), ".static.max_chunk_size_tokens", "integer_above_max_value", "<= 4096"),
    attach(sizes(100, 51), ".static.chunk_overlap_tokens", "integer_above_max_value", "<= 50"),
    attach(sizes("200", 0), ".static.max_chunk_size_tokens", "invalid_type", "expected an integer, but got a string"),
    attach(sizes(True, 0), ".static.max_chunk_size_tokens", "invalid_type", "expected an integer, but got a boolean"),
    told(f"POST {STORE}/files/FILE", {}, "attributes", "missing_required_parameter", "attributes"),
    told(_BATCH, {"file_ids": ["FILE"] * 2001}, "file_ids", "array_above_max_length", "maximum length 2000"),
    told(_BATCH, {"file_ids": ["FILE", "file-unknown"]}, "file_ids", None, "No such File object: file-unknown", 404),
    told(
        _BATCH,
        {"files": [{"file_id": "FILE"}, {"file_id": "vs_1"}]},
        "files[1].file_id",
        "invalid_value",
        "begins with 'file-'",
    ),
    told(
        _BATCH,
        {"files": [{"file_id": "FILE"}, {"file_id": "FILE", "attributes": {"a": 1}}]},
        "files[1].file_id",
        "invalid_value",
        "other",
    ),
    # search
    search({"query": []}, "query", "empty_array", "empty array"),
    search({"query": 5}, "query", "invalid_type", "a string or an array of strings, but got an integer"),
    search({"query": ["a", 5]}, "query[1]", "invalid_type", "expected a string, but got an integer"),
    search({"max_num_results": 2.5}, "max_num_results", "invalid_type", "expected an integer, but got a decimal"),
    search({"rewrite_query": "yes"}, "rewrite_query", "invalid_type", "expected a boolean, but got a string"),
    search({"max_results_per_file": 51}, "max_results_per_file", "integer_above_max_value", "<= 50"),
    search({"ranking_options": {"alpha": 1}}, "ranking_options.alpha", "invalid_value", "the ranker 'weighted'"),
    search(
        {"ranking_options": {"ranker": "best"}},
        "ranking_options.ranker",
        "invalid_value",
        "'none', 'auto', 'default-2024-11-15', 'rrf', 'weighted', and 'rerank'",
    ),
    search(
        {"ranking_options": {"score_threshold": 1.5}},
        "ranking_options.score_threshold",
        "decimal_above_max_value",
        "<= 1.0",
    ),
    search(
        {"ranking_options": {"hybrid_search": {"embedding_weight": 0, "text_weight": 0}}},
        "ranking_options.hybrid_search",
        "invalid_value",
        "must be above 0",
    ),
    search(
        {"filters": {"type": "like", "key": "a", "value": "b"}},
        "filters.type",
        "invalid_value",
        "Supported values are: 'eq'",
    ),
    search({"filters": {"type": "eq", "key": "a"}}, "filters.value", "missing_required_parameter", "filters.value"),
    search({"filters": {"type": "eq", "key": "a", "value": ["b"]}}, "filters.value", "invalid_type", "eq"),
    search({"filters": {"type": "in", "key": "a", "value": "b"}}, "filters.value", "invalid_type", "operator 'in'"),
    search({"filters": {"type": "or", "filters": []}}, "filters.filters", "empty_array", "empty array"),
    search({"filters": nested(17)}, f"filters{'.filters[0]' * 16}", "invalid_value", "more than 16 levels"),
]

QUERIES = [
    Bad("GET /files?limit=10001", "limit", "integer_above_max_value", "<= 10000"),
    Bad("GET /vector_stores?limit=101", "limit", "integer_above_max_value", "<= 100"),
    Bad("GET /vector_stores?limit=0", "limit", "integer_below_min_value", ">= 1"),
    Bad("GET /vector_stores?limit=many", "limit", "invalid_type", "expected an integer, but got a string"),
    Bad("GET /vector_stores?order=up", "order", "invalid_value", "'asc' and 'desc'"),
    Bad("GET /vector_stores?sort=asc", "sort", "unknown_parameter", "Unknown parameter: 'sort'."),
    Bad("GET /vector_stores?limit=1&limit=2", "limit", "duplicate_parameter", "limit"),
    Bad("GET /vector_stores?after=file-1", "after", "invalid_value", "begins with 'vs_'"),
    Bad("GET /vector_stores?after=vs_unknown", "after", "invalid_value", "vs_unknown"),
    Bad(f"GET {STORE}/files?filter=done", "filter", "invalid_value", "'in_progress'"),
    Bad(f"GET {STORE}/files?before=file-unknown", "before", "invalid_value", "file-unknown"),
    Bad(f"GET {STORE}/file_batches/BATCH/files?after=x", "after", "invalid_value", "begins with 'file-'"),
    Bad(f"GET {STORE}?include=x", "include", "unknown_parameter", "include"),
    Bad(f"DELETE {STORE}?force=true", "force", "unknown_parameter", "force"),
    Bad("DELETE /files/FILE?force=true", "force", "unknown_parameter", "force"),
    told(f"POST {STORE}/search?limit=3", {"query": "x"}, "limit", "unknown_parameter", "limit"),
]

PATHS = [
    Bad("GET /vector_stores/file-1", "vector_store_id", "invalid_value", "begins with 'vs_'"),
    Bad("GET /files/STORE", "file_id", "invalid_value", "begins with 'file-'"),
    Bad(f"GET {STORE}/file_batches/FILE", "batch_id", "invalid_value", "begins with 'vsfb_'"),
    Bad(f"GET /vector_stores/vs_{'a' * 65}", "vector_store_id", "invalid_value", "1 to 64 letters"),
    Bad("GET /vector_stores/vs_%00", "vector_store_id", "invalid_value", "1 to 64 letters"),
    Bad("GET /vector_stores/vs_%F0%9F%98%80", "vector_store_id", "invalid_value", "1 to 64 letters"),
    Bad("GET /files/file-a%20b", "file_id", "invalid_value", "1 to 64 letters"),
    Bad("GET /files/file-unknown", "id", None, "No such File object: file-unknown", 404),
    Bad("DELETE /files/file-unknown", "id", None, "No such File object: file-unknown", 404),
    Bad("GET /files/file-unknown/content", "id", None, "No such File object: file-unknown", 404),
    Bad("GET /vector_stores/vs_unknown", "vector_store_id", None, "No vector store found with id 'vs_unknown'.", 404),
    Bad(
        "DELETE /vector_stores/vs_unknown", "vector_store_id", None, "No vector store found with id 'vs_unknown'.", 404
    ),
    Bad(
        f"GET {STORE}/files/file-unknown",
        "file_id",
        None,
        "No file found with id 'file-unknown' in vector store 'STORE'.",
        404,
    ),
    Bad(f"DELETE {STORE}/files/file-unknown", "file_id", None, "No file found with id 'file-unknown'", 404),
    Bad(f"GET {STORE}/files/file-unknown/content", "file_id", None, "No file found with id 'file-unknown'", 404),
    Bad(f"GET {STORE}/file_batches/vsfb_unknown", "batch_id", None, "No file batch found with id 'vsfb_unknown'", 404),
    Bad(f"POST {STORE}/file_batches/vsfb_unknown/cancel", "batch_id", None, "No file batch found", 404),
    Bad("GET /nothing", None, None, "Invalid URL (GET PREFIX/nothing)", 404),
    Bad("POST /files/FILE/content/more", None, None, "Invalid URL (POST PREFIX/files/FILE/content/more)", 404),
    Bad("PATCH /vector_stores/STORE", None, "method_not_allowed", "Not allowed: PATCH PREFIX/vector_stores/STORE", 405),
    Bad("PUT /files", None, "method_not_allowed", "Not allowed: PUT PREFIX/files", 405),
    Bad(f"DELETE {STORE}/files", None, "method_not_allowed", "Not allowed", 405),
]

FORMS = [
    told("POST /files", {"purpose": "assistants"}, None, None, "expects a form"),
    form(
        "file",
        "missing_required_parameter",
        "Missing required parameter: 'file'.",
        files={"purpose": (None, "assistants")},
    ),
    form("purpose", "missing_required_parameter", "Missing required parameter: 'purpose'.", files=FORM),
    form("purpose", None, "'x' is not one of ['assistants', ", files=FORM, data={"purpose": "x"}),
    form("purpose", "duplicate_parameter", "purpose", files=FORM, data={"purpose": ["assistants", "batch"]}),
    form("note", "unknown_parameter", "'note'", files=FORM, data={**PURPOSE, "note": "x"}),
    form("more", "unknown_parameter", "'more'", files={**FORM, "more": ("b.txt", b"b")}, data=PURPOSE),
    form(
        None,
        None,
        "more than one file in its field 'file'",
        files=[("file", ("a.txt", b"a")), ("file", ("b.txt", b"b"))],
        data=PURPOSE,
    ),
    form("file", "missing_required_parameter", "filename", files={"file": (" ", b"a")}, data=PURPOSE),
    form(SECONDS, "missing_required_parameter", "seconds", files=FORM, data=PURPOSE | {ANCHOR: "created_at"}),
    form(ANCHOR, "missing_required_parameter", "anchor", files=FORM, data=PURPOSE | {SECONDS: "3600"}),
    form(
        SECONDS, "integer_below_min_value", ">= 3600", files=FORM, data=PURPOSE | {ANCHOR: "created_at", SECONDS: "60"}
    ),
    form(
        None, None, "The form", content=b"--x\r\nnonsense", headers={"content-type": "multipart/form-data; boundary=x"}
    ),
    form(None, None, "names no boundary", content=b"", headers={"content-type": "multipart/form-data"}),
]
