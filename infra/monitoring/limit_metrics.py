"""How near functions and queues come to their limits of time."""

from __future__ import annotations

from typing import cast

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_

from infra.monitoring.watched import DEPLOY_HANDLERS, PERIOD, Watched

BEHIND_S = 3_600
"""Age of a message from which its queue is behind."""
NEAR_TIMEOUT = 0.9
"""The part of its time-out from which a call of a function is too long. Embed stops beginning files a minute before
its own.
"""


def near_timeout(watched: Watched) -> cloudwatch.IMetric:
    """How many functions had a call that came near their time-out, of all but those that only a deploy calls."""
    called = {name: function for name, function in watched.functions.items() if name not in DEPLOY_HANDLERS}
    terms = [f"IF(FILL({name}, 0) >= {_near_ms(function):g}, 1, 0)" for name, function in called.items()]
    return cloudwatch.MathExpression(
        expression=" + ".join(terms),
        using_metrics={
            name: function.metric_duration(period=PERIOD, statistic="Maximum") for name, function in called.items()
        },
        period=PERIOD,
        label="functions near their time-out",
    )


def queues_behind(watched: Watched) -> cloudwatch.IMetric:
    """How many queues have a message that was sent an hour ago."""
    terms = [f"IF(FILL({queue}, 0) >= {BEHIND_S}, 1, 0)" for queue in watched.queues]
    return cloudwatch.MathExpression(
        expression=" + ".join(terms),
        using_metrics={queue: watched.oldest_message_s(queue) for queue in watched.queues},
        period=PERIOD,
        label="queues that are behind",
    )


def _near_ms(function: lambda_.Function) -> float:
    made = cast("lambda_.CfnFunction", function.node.default_child)
    return NEAR_TIMEOUT * 1000 * cast("float", made.timeout)
