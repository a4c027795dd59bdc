"""Roles for OpenSearch's security plugin, and the adapter's requests that they have to permit."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class CollectionRights:
    """What a role may do in a collection of OpenSearch Serverless: with our indexes, and with the collection itself."""

    indexes: tuple[str, ...]
    collection: tuple[str, ...] = ()


COLLECTION_RIGHTS = {
    "search": CollectionRights(("aoss:ReadDocument",)),
    "write": CollectionRights(
        ("aoss:CreateIndex", "aoss:DescribeIndex", "aoss:ReadDocument", "aoss:WriteDocument"),
        ("aoss:DescribeCollectionItems", "aoss:CreateCollectionItems", "aoss:UpdateCollectionItems"),
    ),
    "operate": CollectionRights(
        (
            *("aoss:CreateIndex", "aoss:DescribeIndex", "aoss:UpdateIndex", "aoss:DeleteIndex"),
            *("aoss:ReadDocument", "aoss:WriteDocument"),
        ),
        (
            *("aoss:DescribeCollectionItems", "aoss:CreateCollectionItems"),
            *("aoss:UpdateCollectionItems", "aoss:DeleteCollectionItems"),
        ),
    ),
}
"""By the same names: the permissions of data access policies for the requests of `collection.py` (AWS's guide,
"Supported operations and plugins in Amazon OpenSearch Serverless"). Aliases belong to the collection.
"""
