"""What an alarm is made of."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

OK_IF_MISSING = cloudwatch.TreatMissingData.NOT_BREACHING
"""A counter is not sent while nothing happens, so no data is good news."""
ALARM_IF_MISSING = cloudwatch.TreatMissingData.BREACHING
"""The metric is sent every minute, whatever happens, so no data means that the sender is dead."""

MINUTE = Duration.minutes(1)


ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


@dataclass(frozen=True, slots=True)
class AlarmSpec:
    """An alarm.

    Attributes:
        name: comes after `vectorlog-<stage>-`; its heading in docs/deploying.md, "When an alarm rings".
        metric: the metric to watch.
        threshold: where the metric becomes a problem.
        periods: how many periods of the metric in a row must be bad.
        happened: what has happened.
        remedy: what to do first.
        missing: what it means when there is no data.
        comparison: whether the metric is bad at or above the threshold, or below it.
    """

    name: str
    metric: cloudwatch.IMetric
    threshold: float
    periods: int
    happened: str
    remedy: str
    missing: cloudwatch.TreatMissingData = OK_IF_MISSING
    comparison: cloudwatch.ComparisonOperator = ABOVE
