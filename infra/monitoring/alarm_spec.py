"""What an alarm is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

OK_IF_MISSING = cloudwatch.TreatMissingData.NOT_BREACHING
"""A counter is not sent while nothing happens, so no data is good news."""
ALARM_IF_MISSING = cloudwatch.TreatMissingData.BREACHING
"""The metric is sent every minute, whatever happens, so no data means that the sender is dead."""

MINUTE = Duration.minutes(1)
HOUR = Duration.hours(1)

ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD

Severity: TypeAlias = Literal["page", "ticket"]
"""`page`: users are harmed now, or files fail within a day if nobody acts, so it may wake somebody. `ticket`: it can
wait for the next working day.
"""
RUNBOOKS = "docs/runbooks.md"


@dataclass(frozen=True, slots=True)
class AlarmSpec:
    """An alarm.

    Attributes:
        name: comes after `vectorlog-<stage>-`.
        severity: whether it may wake somebody.
        metric: the metric to watch.
        threshold: where the metric becomes a problem.
        periods: how many periods of the metric in a row must be bad.
        happened: what has happened.
        remedy: what to do first.
        missing: what it means when there is no data.
        comparison: whether the metric is bad at or above the threshold, or below it.
        section: its heading in docs/runbooks.md; empty for its name.
    """

    name: str
    severity: Severity
    metric: cloudwatch.IMetric
    threshold: float
    periods: int
    happened: str
    remedy: str
    missing: cloudwatch.TreatMissingData = OK_IF_MISSING
    comparison: cloudwatch.ComparisonOperator = ABOVE
    section: str = ""

    @property
    def runbook(self) -> str:
        """Where its runbook is: the page and the heading."""
        return f'{RUNBOOKS}, "{self.section or self.name}"'

    @property
    def description(self) -> str:
        """The alarm's description. It begins with the severity, by which a subscription can be filtered."""
        return f"{self.severity}: {self.happened} {self.remedy} Runbook: {self.runbook}."
