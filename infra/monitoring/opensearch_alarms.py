"""Alarms of the stack's own OpenSearch domain."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import aws_opensearchservice as opensearch

from infra.configuration import Configuration
from infra.monitoring.alarm_spec import ALARM_IF_MISSING, BELOW, MINUTE, AlarmSpec
from infra.monitoring.watched import PERIOD


def opensearch_alarms(domain: opensearch.IDomain, configuration: Configuration) -> Iterator[AlarmSpec]:
    """Thresholds are those that AWS recommends ("Recommended CloudWatch alarms for Amazon OpenSearch Service"), except
    for storage, where it is a quarter of a node's. A domain with one node is always yellow, because a replica has no
    place, so the alarm for yellow exists only with several nodes.
    """
    yield AlarmSpec(
        "opensearch-red",
        domain.metric_cluster_status_red(period=MINUTE),
        1,
        3,
        "A part of the index is missing, or the domain sends no metrics. Searches fail or are incomplete; files wait.",
        "Look at the domain's health. An index that cannot be restored can be rebuilt: vectorlog rebuild index.",
        ALARM_IF_MISSING,
    )
    if configuration.opensearch_nodes > 1:
        yield AlarmSpec(
            "opensearch-yellow",
            domain.metric_cluster_status_yellow(period=MINUTE),
            1,
            15,
            "A replica of a part of the index has had no node for 15 minutes. Searches are correct.",
            "A node is missing, or storage is short. OpenSearch repairs it by itself once there is room.",
        )
    yield AlarmSpec(
        "opensearch-blocks-writes",
        domain.metric_cluster_index_writes_blocked(period=MINUTE),
        1,
        1,
        "OpenSearch refuses writes because storage or memory is short. Files wait; searches continue.",
        "Raise opensearch_storage_gib or opensearch_instance and deploy.",
    )
    yield AlarmSpec(
        "opensearch-storage",
        domain.metric_free_storage_space(period=PERIOD, statistic="Minimum"),
        1024 * configuration.opensearch_storage_gib / 4,
        1,
        "A node has less than a quarter of its storage left.",
        "Raise opensearch_storage_gib and deploy; the domain stays up.",
        comparison=BELOW,
    )
    yield AlarmSpec(
        "opensearch-memory",
        domain.metric_jvm_memory_pressure(period=MINUTE),
        95,
        3,
        "OpenSearch's heap is full. It will soon refuse requests.",
        "Take a larger opensearch_instance, or more nodes.",
    )
    yield AlarmSpec(
        "opensearch-vectors",
        domain.metric("KNNCircuitBreakerTriggered", period=MINUTE, statistic="Maximum"),
        1,
        3,
        "The vectors no longer fit into memory. Searches read them from disk and are slow.",
        "Take a larger opensearch_instance, or more nodes.",
    )
