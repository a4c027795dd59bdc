"""Roles for OpenSearch's security plugin, and the adapter's requests that they have to permit."""

from __future__ import annotations

from vectorlog.index.opensearch.mapping import Json, Layout

PATTERN = f"{Layout().prefix}-*"
"""Pattern of our indexes' names; no role has access to other indexes."""

REQUESTS = {
    "search": (("POST", "_msearch"), ("POST", "_mtermvectors")),
    "write": (
        ("POST", "_bulk"),
        ("POST", f"{PATTERN}/_refresh"),
        ("POST", f"{PATTERN}/_delete_by_query"),
        ("PUT", PATTERN),
        ("PUT", f"{PATTERN}/_mapping"),
    ),
}
"""Method and path of every request that the adapter sends, by the role that needs it."""


def _role(cluster: list[str], index: list[str]) -> Json:
    return {
        "cluster_permissions": cluster,
        "index_permissions": [{"index_patterns": [PATTERN], "allowed_actions": index}],
    }


ROLES: dict[str, Json] = {
    "search": _role(
        ["indices:data/read/msearch", "indices:data/read/mtv"], ["indices:data/read/search*", "indices:data/read/mtv*"]
    ),
    "write": _role(
        ["indices:data/read/scroll*", "indices:data/write/bulk"],  # delete by query uses scroll
        [
            "indices:admin/create",
            "indices:admin/aliases",  # an index is created with its alias
            "indices:admin/mapping/put",  # an index of an earlier version gets the fields that it lacks
            "indices:admin/refresh*",
            "indices:data/read/search*",
            "indices:data/write/bulk*",
            "indices:data/write/delete*",
            "indices:data/write/index",
        ],
    ),
    "operate": _role(["cluster_composite_ops", "cluster_monitor"], ["indices_all"]),
}
"""By name: the permissions on the cluster and on indexes that these requests need, found by sending them to version
3.4.0 of the security plugin. `operate` is for operators who run `vectorlog verify`, `import` and `rebuild`.
"""
