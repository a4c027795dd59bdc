"""What a vector collection of OpenSearch Serverless allows, and what it refuses.

AWS's pages "Supported operations and plugins in Amazon OpenSearch Serverless" and "Working with vector search
collections" say it; docs/serverless.md has the parts that we use.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

INDEX, NAME = r"/[^_/][^/]*", r"[^/]+"
READS = (
    ("GET", f"(?:{INDEX})?/_search"),
    ("POST", f"(?:{INDEX})?/_search"),
    ("GET", f"{INDEX}/_msearch"),
    ("GET", f"{INDEX}/_count"),
    ("POST", f"{INDEX}/_count"),
    ("GET", f"{INDEX}/_doc/{NAME}"),
    ("GET", f"{INDEX}/_mget"),
    ("GET", INDEX),
    ("HEAD", INDEX),
    ("GET", f"{INDEX}/_mappings?"),
    ("GET", f"{INDEX}/_settings"),
    ("GET", "/_cat/indices"),
    ("GET", "/_cat/aliases"),
    ("GET", "/_alias"),
    ("GET", f"(?:{INDEX})?/_alias/{NAME}"),
    ("HEAD", f"(?:{INDEX})?/_alias/{NAME}"),
)
WRITES = (
    ("PUT", INDEX),
    ("DELETE", INDEX),
    ("POST", "/_aliases"),
    ("POST", f"(?:{INDEX})?/_bulk"),
    ("POST", f"{INDEX}/_doc"),
    ("DELETE", f"{INDEX}/_doc/{NAME}"),
    ("PUT", f"{INDEX}/_mappings?"),
)
"""Operations of that page: methods and patterns of paths. Those that we have no use for are left out."""
REFUSED_PARAMETERS = frozenset({"refresh", "routing", "version", "version_type", "if_seq_no", "if_primary_term"})
REFUSED_ACTION_FIELDS = frozenset({"_id", "routing", "version", "version_type"})
FIXED_SETTINGS = frozenset({"number_of_shards", "number_of_replicas", "auto_expand_replicas", "gc_deletes"})


class Refusal(Exception):
    """A request that a collection refuses."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.error = {"type": kind, "reason": reason, "root_cause": []}


def part_of(method: str, path: str) -> str:
    """Returns the part of a collection that answers a request.

    Raises:
        Refusal: there is no such operation.
    """
    for part, operations in (("search", READS), ("write", WRITES)):
        if any(method == each and re.fullmatch(pattern, path) for each, pattern in operations):
            return part
    raise Refusal(404, "status_exception", f"{method} {path} is no supported operation")


def check_parameters(query: str) -> None:
    """Checks the parameters of a request.

    Raises:
        Refusal: one is not supported.
    """
    names = {part.partition("=")[0] for part in query.split("&") if part}
    if refused := names & REFUSED_PARAMETERS:
        raise Refusal(400, "status_exception", f"{', '.join(sorted(refused))} is not supported")


def refused_action(action: str, fields: Json) -> Json | None:
    """Returns the error of an item of a bulk request that is refused; None if it passes."""
    reason = None
    if action == "update":
        reason = "update is supported for search collections only"
    elif action != "delete" and "_id" in fields:
        reason = "Document ID is not supported in create/index operation request"
    elif refused := (REFUSED_ACTION_FIELDS - {"_id"}) & fields.keys():
        reason = f"{', '.join(sorted(refused))} is not supported"
    return {"type": "illegal_argument_exception", "reason": reason} if reason else None


def index_body(body: Json, lag_s: float) -> bytes:
    """Returns the body that makes an index on the node, which has Lucene's engine only.

    Raises:
        Refusal: a collection would not make this index.
    """
    settings = body.get("settings", {}).get("index", {})
    if fixed := FIXED_SETTINGS & settings.keys():
        raise Refusal(400, "illegal_argument_exception", f"{', '.join(sorted(fixed))} can't be set")
    if unknown := settings.keys() - {"knn", "knn.algo_param.ef_search", "refresh_interval"}:
        raise Refusal(400, "illegal_argument_exception", f"not documented: {', '.join(sorted(unknown))}")
    for properties in body.get("mappings", {}).get("properties", {}).values():
        if properties.get("type") == "knn_vector":
            method = properties["method"]
            if (method["name"], method["engine"]) != ("hnsw", "faiss"):
                raise Refusal(400, "mapper_parsing_exception", "vector collections know HNSW by Faiss only")
            method["engine"] = "lucene"
    interval = f"{round(1000 * lag_s)}ms" if lag_s else "-1"
    body["settings"] = {"index": {**settings, "number_of_replicas": 0, "refresh_interval": interval}}
    return json.dumps(body).encode()
