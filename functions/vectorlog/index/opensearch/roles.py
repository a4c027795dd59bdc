"""Who may do what in OpenSearch: roles of its security plugin, and the requests of our adapter that they are for."""

from __future__ import annotations

from vectorlog.index.opensearch.mapping import Json, Layout

PATTERN = f"{Layout().prefix}-*"
"""Of the names of our indexes; nobody gets anywhere else."""

REQUESTS = {
    "search": (("POST", "_msearch"),),
    "write": (
        ("POST", "_bulk"),
        ("POST", f"{PATTERN}/_refresh"),
        ("POST", f"{PATTERN}/_delete_by_query"),
        ("PUT", PATTERN),
    ),
}
"""Method and path of every request that the adapter makes for those who search, and for those who write and delete."""


def _role(cluster: list[str], index: list[str]) -> Json:
    return {
        "cluster_permissions": cluster,
        "index_permissions": [{"index_patterns": [PATTERN], "allowed_actions": index}],
    }


ROLES: dict[str, Json] = {
    "search": _role(["indices:data/read/msearch"], ["indices:data/read/search*"]),
    "write": _role(
        ["indices:data/read/scroll*", "indices:data/write/bulk"],  # deleting by query scrolls
        [
            "indices:admin/create",
            "indices:admin/aliases",  # an index is made with its alias
            "indices:admin/refresh*",
            "indices:data/read/search*",
            "indices:data/write/bulk*",
            "indices:data/write/delete*",
            "indices:data/write/index",
        ],
    ),
    "operate": _role(["cluster_composite_ops", "cluster_monitor"], ["indices_all"]),
}
"""By name: what these requests need of the cluster and of indexes, found by making them on the security plugin 3.4.0;
`operate` is for whoever runs `vectorlog verify`, `import` and `rebuild`.
"""
