"""What an alarm is made of."""

from __future__ import annotations

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

FINE = cloudwatch.TreatMissingData.NOT_BREACHING
"""Counters of what did not happen are not sent: no data is good news."""
BAD = cloudwatch.TreatMissingData.BREACHING
"""What is sent every minute, whatever happens: no data means that the sender is dead."""

MINUTE = Duration.minutes(1)


@dataclass(frozen=True, slots=True)
class Ring:
    """An alarm.

    Attributes:
        name: of the alarm, behind `vectorlog-<stage>-`; its heading in docs/deploying.md, "When an alarm rings".
        metric: what is looked at.
        least: value from which on it is bad.
        periods: of the metric, all of which have to be bad.
        says: what has happened.
        do: what to do first.
        missing: what no data means.
        most: it is bad up to `least` instead.
    """

    name: str
    metric: cloudwatch.IMetric
    least: float
    periods: int
    says: str
    do: str
    missing: cloudwatch.TreatMissingData = FINE
    most: bool = False
