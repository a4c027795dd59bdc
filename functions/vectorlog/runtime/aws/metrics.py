"""Sends counts to CloudWatch as log lines in the embedded metric format."""

from __future__ import annotations

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from vectorlog.telemetry.metrics import Counter


class CloudWatchMetrics:
    """Implements Metrics: a metric `ProviderRefusals` for the counter `provider_refusals`, whose dimensions are
    `service` and the labels that have a value. CloudWatch bills each combination of dimensions as a separate metric.

    Every count is a separate line, because all metrics of one line share their dimensions. Powertools' variables set
    the namespace and service, and can turn metrics off.
    """

    def count(self, counter: Counter, value: int = 1, /, **labels: str) -> None:
        """See Metrics."""
        metrics = EphemeralMetrics()
        for name in counter.labels:
            if labels[name]:
                metrics.add_dimension(name, labels[name])
        metrics.add_metric(cloudwatch_name(counter), MetricUnit.Count, value)
        metrics.flush_metrics()


def cloudwatch_name(counter: Counter) -> str:
    """Returns a counter's name in CloudWatch."""
    return counter.name.title().replace("_", "")
