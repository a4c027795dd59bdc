"""Alarms of the stack's own OpenSearch domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_opensearchservice as opensearch

from infra.configuration import Configuration
from infra.monitoring.alarm_spec import ALARM_IF_MISSING, BELOW, HOUR, MINUTE, AlarmSpec
from infra.monitoring.watched import PERIOD

BEFORE_BREAKER = 70
"""Percent of the memory for vectors at which an operator is told: stores that grow by a tenth each week then have three
weeks. At 100% OpenSearch throws out vectors and trips its circuit breaker, until they take less than 75% (its setting
`knn.circuit_breaker.unset.percentage`).
"""
BURST = 40
"""Percent of the CPU of a burstable node. A t3 earns 20% and saves 24 hours of it, so at 40% its credits last a day at
most, and at 100% six hours (EC2's guide, "Burstable performance instances"). OpenSearch Service shows no balance of
credits for t3.
"""


def opensearch_alarms(domain: opensearch.IDomain, configuration: Configuration) -> Iterator[AlarmSpec]:
    """Every alarm of the domain, the most important first."""
    yield from _broken(domain, configuration)
    yield from _before(domain, configuration)


def _broken(domain: opensearch.IDomain, configuration: Configuration) -> Iterator[AlarmSpec]:
    """Thresholds are those that AWS recommends ("Recommended CloudWatch alarms for Amazon OpenSearch Service"), except
    for storage, where it is a quarter of a node's. A domain with one node is always yellow, because a replica has no
    place, so the alarm for yellow exists only with several nodes.
    """
    yield AlarmSpec(
        "opensearch-red",
        "page",
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
            "ticket",
            domain.metric_cluster_status_yellow(period=MINUTE),
            1,
            15,
            "A replica of a part of the index has had no node for 15 minutes. Searches are correct.",
            "A node is missing, or storage is short. OpenSearch repairs it by itself once there is room.",
        )
    yield AlarmSpec(
        "opensearch-blocks-writes",
        "page",
        domain.metric_cluster_index_writes_blocked(period=MINUTE),
        1,
        1,
        "OpenSearch refuses writes because storage or memory is short. Files wait; searches continue.",
        "Raise opensearch_storage_gib or opensearch_instance and deploy.",
    )
    yield AlarmSpec(
        "opensearch-storage",
        "ticket",
        domain.metric_free_storage_space(period=PERIOD, statistic="Minimum"),
        1024 * configuration.opensearch_storage_gib / 4,
        1,
        "A node has less than a quarter of its storage left.",
        "Raise opensearch_storage_gib and deploy; the domain stays up.",
        comparison=BELOW,
    )
    yield AlarmSpec(
        "opensearch-memory",
        "page",
        domain.metric_jvm_memory_pressure(period=MINUTE),
        95,
        3,
        "OpenSearch's heap is full. It will soon refuse requests.",
        "Take a larger opensearch_instance, or more nodes.",
    )
    yield AlarmSpec(
        "opensearch-vectors",
        "page",
        domain.metric("KNNCircuitBreakerTriggered", period=MINUTE, statistic="Maximum"),
        1,
        3,
        "The vectors no longer fit into memory. Searches read them from disk and are slow.",
        "Take a larger opensearch_instance, or more nodes.",
    )


def _before(domain: opensearch.IDomain, configuration: Configuration) -> Iterator[AlarmSpec]:
    """What comes before a domain breaks. Rejected requests are repeated, so the first ones harm nobody; they are
    counted from the start of a node, so what grows is watched.
    """
    yield AlarmSpec(
        "opensearch-graph-memory",
        "ticket",
        domain.metric("KNNGraphMemoryUsagePercentage", period=PERIOD, statistic="Maximum"),
        BEFORE_BREAKER,
        3,
        f"Vectors take {BEFORE_BREAKER}% of a node's memory for them. At 100%, searches read them from disk.",
        "Take a larger opensearch_instance, more nodes with more shards, or vectors on disk.",
    )
    yield AlarmSpec(
        "opensearch-rejections",
        "ticket",
        _grown(
            {
                name: domain.metric(f"Threadpool{name.capitalize()}Rejected", period=PERIOD, statistic="Sum")
                for name in ("search", "write")
            }
        ),
        1,
        3,
        "For 15 minutes, OpenSearch has rejected searches or writes because its queues were full. They are repeated.",
        "Take a larger opensearch_instance or more nodes, or lower embed_concurrency.",
    )
    yield AlarmSpec(
        "opensearch-cpu",
        "ticket",
        domain.metric_cpu_utilization(period=PERIOD, statistic="Maximum"),
        80,
        3,
        "For 15 minutes, a node has used more than 80% of its CPU.",
        "Find out whether searches or writes grew. Take a larger opensearch_instance, or more nodes.",
    )
    if configuration.opensearch_instance.startswith("t"):
        yield AlarmSpec(
            "opensearch-credits",
            "ticket",
            domain.metric_cpu_utilization(period=HOUR, statistic="Average"),
            BURST,
            3,
            "For three hours, burstable nodes have used CPU faster than they earn it. Without credits they are slow.",
            "Take an opensearch_instance that is not burstable, such as m7g.large.search.",
        )


def _grown(totals: Mapping[str, cloudwatch.IMetric]) -> cloudwatch.IMetric:
    """By how much totals grew within a period. One that begins anew, because its node did, counts as 0."""
    terms = " + ".join(f"IF(DIFF({name}) > 0, DIFF({name}), 0)" for name in totals)
    return cloudwatch.MathExpression(expression=terms, using_metrics=dict(totals), period=PERIOD, label="rejected")
