"""What alarms watch of files, providers and webhooks: metrics that the functions themselves send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.monitoring.alarm_spec import HOUR
from infra.monitoring.watched import MOST_METRICS, PERIOD, Watched, total
from vectorlog.domain.store_file import ErrorCode
from vectorlog.runtime.aws.metrics import cloudwatch_name
from vectorlog.telemetry.metrics import FILES, PROVIDER_REFUSALS, WEBHOOKS

FEWEST_FILES = 20
"""So many files must have ended before a share of them says something."""


def failed(watched: Watched, code: ErrorCode) -> cloudwatch.IMetric:
    """Files that ended as failed with this code."""
    return watched.own(cloudwatch_name(FILES), "Sum", outcome="failed", code=code)


def failed_share(watched: Watched) -> cloudwatch.IMetric:
    """How many of the files that ended within an hour have failed, in percent; 0 if few have ended."""
    name, codes = cloudwatch_name(FILES), get_args(ErrorCode)
    failures = {f"failed_{code}": watched.own(name, "Sum", HOUR, outcome="failed", code=code) for code in codes}
    wrong = " + ".join(f"FILL({each}, 0)" for each in failures)
    ended = f"({wrong} + FILL(completed, 0))"
    return cloudwatch.MathExpression(
        expression=f"IF({ended} >= {FEWEST_FILES}, 100 * ({wrong}) / {ended}, 0)",
        using_metrics={**failures, "completed": watched.own(name, "Sum", HOUR, outcome="completed")},
        period=HOUR,
        label="failed, % of the files that ended",
    )


def postponed(watched: Watched) -> cloudwatch.IMetric:
    """Files that were put off; one is counted each time."""
    return watched.own(cloudwatch_name(FILES), "Sum", outcome="postponed")


def refusals(watched: Watched, kind: str) -> Iterator[tuple[str, cloudwatch.IMetric]]:
    """Calls that the providers refused, of all models together. An alarm takes ten metrics, so with more models there
    are several sums; each comes with what to append to the alarm's name.
    """
    name, models = cloudwatch_name(PROVIDER_REFUSALS), watched.configuration.models
    for start in range(0, len(models), MOST_METRICS):
        of_models = models[start : start + MOST_METRICS]
        metrics = {
            f"model_{place}": watched.own(name, "Sum", model=model, kind=kind) for place, model in enumerate(of_models)
        }
        yield (f"-{start // MOST_METRICS + 1}" if start else ""), total("refusals", metrics)


def webhooks_failed(watched: Watched) -> cloudwatch.IMetric:
    """Tries to deliver an event that failed."""
    name = cloudwatch_name(WEBHOOKS)
    receivers = ("endpoint", "bus") if watched.configuration.event_bus else ("endpoint",)
    return total(
        "failed deliveries",
        {receiver: watched.own(name, "Sum", PERIOD, receiver=receiver, outcome="failed") for receiver in receivers},
    )
