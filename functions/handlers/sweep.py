"""Runs on a schedule: expires or retries whatever has passed its deadline, and reports how long the oldest open file
has waited. Once a day it begins a pass that deletes leftover blobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from handlers.observed import logger, metrics
from vectorlog.reactions import leftovers
from vectorlog.reactions.oldest_open import oldest_open
from vectorlog.reactions.sweep import sweep
from vectorlog.runtime.aws.tracing import traced
from vectorlog.runtime.aws.wiring import deployment
from vectorlog.runtime.aws.workers import projector
from vectorlog.work.messages import COLLECTION, Collect

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@logger.inject_lambda_context(clear_state=True)
@traced
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Reports the age before the sweep changes it, then sweeps. If the report fails, the sweep still runs."""
    deployed = deployment()
    try:
        metrics.add_metric(
            "OldestOpenFileSeconds", MetricUnit.Seconds, oldest_open(deployed.views.table, deployed.clock()) / 1000
        )
    finally:
        swept = sweep(deployed, projector())
    if leftovers.starts_at(deployed.clock()):
        projector().send([(COLLECTION, Collect())])
    metrics.add_metric("Swept", MetricUnit.Count, swept)
    return {"swept": swept}
