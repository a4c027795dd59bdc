"""Alarms of the functions and of the API."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import aws_cloudwatch as cloudwatch

from infra.monitoring.alarm_spec import AlarmSpec
from infra.monitoring.limit_metrics import near_timeout
from infra.monitoring.watched import DEPLOY_HANDLERS, PERIOD, Watched


def request_alarms(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of the functions, and of the API in front of two of them."""
    yield from _functions(watched)
    yield from _api(watched)


def _functions(watched: Watched) -> Iterator[AlarmSpec]:
    """An error is a time-out, too little memory, or a bug of ours; wrong requests and refusals of providers do not
    count. Queues, stream and clients retry, so one or two errors may pass. The sweep is called least often, and has
    five errors in five minutes if it always fails.

    Clients see the errors of api and search at once. Those of the others are repeated, and delay work.

    Lambda throttles for seconds while it starts environments. A quarter of an hour of throttling means that the
    account's quota is reached. All functions share it, so one alarm covers all.
    """
    for name, function in watched.functions.items():
        if name in DEPLOY_HANDLERS:
            continue
        yield AlarmSpec(
            f"errors-{name.replace('_', '-')}",
            "page" if name in ("api", "search", "projector") else "ticket",
            function.metric_errors(period=PERIOD),
            3,
            1,
            f"The function {name} failed three times within five minutes.",
            f"Search the log of {name} for ERROR and for 'Task timed out'.",
            section="errors",
        )
    yield AlarmSpec(
        "faults",
        "page",
        watched.faults(),
        3,
        1,
        "Three requests within five minutes were answered with a 500, because of an error that nobody expected.",
        "The saved query 'errors' has their tracebacks. If it came with a deploy, deploy the version before.",
    )
    yield AlarmSpec(
        "near-timeout",
        "ticket",
        near_timeout(watched),
        1,
        3,
        "For 15 minutes, a function has come within a tenth of its time-out.",
        "The graph of this alarm names the function. Find what its slowest calls waited for.",
    )
    yield AlarmSpec(
        "throttles",
        "page",
        watched.throttles(),
        1,
        3,
        "Lambda has throttled calls for 15 minutes: the account's quota of concurrent executions is too low.",
        "Raise the quota 'Concurrent executions' of Lambda, or lower embed_concurrency.",
    )


def _api(watched: Watched) -> Iterator[AlarmSpec]:
    """One answer in a hundred, and at least five, so that a single fault on a quiet day wakes nobody.

    A search takes an embedding call and a query, together 0.3 s, and 2 s more if a function starts. Five seconds for
    one request in twenty has another cause. A percentile of few requests jumps, so CloudWatch ignores it then.
    """
    stage = watched.rest_api.deployment_stage
    errors, requests = stage.metric_server_error(period=PERIOD, statistic="Sum"), stage.metric_count(period=PERIOD)
    yield AlarmSpec(
        "api-errors",
        "page",
        cloudwatch.MathExpression(
            expression="IF(errors >= 5, 100 * errors / requests, 0)",
            using_metrics={"errors": errors, "requests": requests},
            period=PERIOD,
            label="5xx, % of requests",
        ),
        1,
        1,
        "More than one request in a hundred was answered with a 5xx.",
        "Look at errors-api and errors-search first, then at the status and functionError in the access log.",
    )
    yield AlarmSpec(
        "api-slow",
        "ticket",
        stage.metric_latency(period=PERIOD, statistic="p95"),
        5_000,
        3,
        "For 15 minutes, one request in twenty has taken more than five seconds.",
        "The saved query 'slow requests' names the routes. Look at OpenSearch, the embedding provider and DynamoDB.",
    )
